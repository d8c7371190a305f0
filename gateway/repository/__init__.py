"""The room of the trust repository: how roster, agreements, catalogue and schemas are signed together by several
cities.
"""
