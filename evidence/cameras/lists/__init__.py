"""Lists of cameras as councils keep them: bytes in, cameras or faults out. Read `listed` first."""
