"""One model: built, driven, asked."""
