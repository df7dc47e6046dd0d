"""Start the exporter from a checkout: `python exporter.py` is the same program as `wx-domain-exporter`."""

from wx_domain_exporter.__main__ import main

if __name__ == "__main__":
    main()
