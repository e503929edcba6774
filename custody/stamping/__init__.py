"""What time it is: time-stamping authorities, time servers, and a clock held against both."""
