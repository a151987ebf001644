"""The commands, a file each: parse, call, print.

Each is a click command; `tlsaudit.cli` puts them together, in the order of its list.
"""
