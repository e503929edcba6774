"""What is done with the files of a sealing afterwards: read again, and erased when they may go.

`fixity` reads the packages again, `papers` erases the small files that name people.
"""
