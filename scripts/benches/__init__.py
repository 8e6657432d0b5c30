"""What `scripts/bench` measures, one module for each area.

    material    made-up pages, scans and archives to measure with
    measuring   seconds of a piece of work, and the table they are told in
    sealing     seal, open, rotate, backup       intake      intake, ocr
    finding     search, merge, index             peers       other programs of the same kind
    catalogue   catalogue, sweep                 start_up    startup
    auditing    audit                            ledger      ledger
    rules       policies                     dying         kills
    hostile_scans  hostile

The last two are campaigns: they count instead of measuring, and tell it themselves. A bench is a
function of its options that yields tables as they are ready. Work and its limit
take turns in one run, so that other work on the machine meets both alike. The first row of a
table is the limit; the ratio stands last.
"""
