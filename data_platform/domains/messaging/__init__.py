"""What buyers and sellers say and pay to each other: messages without their phone numbers, and payments."""
