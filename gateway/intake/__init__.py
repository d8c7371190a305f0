"""How a department's files become records: tables, profiles, refused rows. Knows no node: it yields items, others
publish them.
"""
