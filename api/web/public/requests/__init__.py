"""Pages on which anybody asks for footage, and looks after what they asked. Read `form` first."""
