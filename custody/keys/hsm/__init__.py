"""Keys that never leave a hardware security module: named by a URI, asked by PKCS#11."""
