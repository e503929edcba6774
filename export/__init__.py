"""Media and packages: intake, examination, copies, sealing, verification."""
