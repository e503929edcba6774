"""When work on an exhibit stops: taken up again by itself, or shown to a person, who has ways out.

Read `standstills` first: what stopped for good. `remedies` is what a person does then; `pickups`
takes up what only waited for something outside.
"""
