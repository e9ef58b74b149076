"""The GDS Registers v1 API, as clients of the GOV.UK Registers knew it.

What is served, under which names and in which bytes, follows the reference
implementation (openregister-java, resources of v1), and where that is silent the
Registers Specification, version 1. docs/api.md says where the two differ and what is
done here instead.
"""
