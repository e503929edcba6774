"""The processes behind `custos up`, and what each of them does.

Read `supervisor` first.
"""
