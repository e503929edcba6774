"""What finance sees of firms that pay monthly: their accounts, and each statement."""
