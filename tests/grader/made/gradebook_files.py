"""A gradebook as NTU COOL exports it, with what makes one hard to read."""

from __future__ import annotations

COOL = (
    "\ufeffStudent,ID,SIS Login ID,Section,Notes,HW8 (1200),HW9 (1234)\r\n"
    "    Points Possible,,,,,10.00,10.00\r\n"
    '"Lin, Mei",101,b099001,"S ""A""",,9.00,\r\n'
    "王小明,102,b099002,S,x,8.5,3.25\r\n"
    "=cmd(),103,b099003,S,,,EX\r\n"
    "Chen,104,b099004,S,,7,N/A\r\n"
)
