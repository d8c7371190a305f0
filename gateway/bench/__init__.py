"""How fast is it here, beside what a plain program would do? Measured, never asserted (DESIGN §9, `bench`)."""
