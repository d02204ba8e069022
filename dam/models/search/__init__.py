"""What searches are answered from: the words of assets, and saved queries."""
