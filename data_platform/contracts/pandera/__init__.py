"""From a pandera schema to a contract. (The other way, `Contract.to_pandera`, needs rules that run: see `quality`.)

pandera is imported only by who asks for it.
"""
