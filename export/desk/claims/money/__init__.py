"""What the rows tell of money: fees, differences, accounts of firms that pay monthly."""
