"""What people read of a class: pages, and what stands in them."""
