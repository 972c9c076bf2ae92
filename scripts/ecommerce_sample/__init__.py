"""The parts of `generate_ecommerce.py`: one file per source of the shop."""
