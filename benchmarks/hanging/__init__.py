"""Numbers of WhatsApp Web that cannot be reached, beside some that can: `python -m benchmarks.hanging SERVER.cjs`.

SERVER.cjs is a WhatsApp-like server on 127.0.0.1, a program of Node's that is not part of this repository. One is made
of a checkout of the public zapo (github: vinikjkkj/zapo, MIT) by `whatsapp/build.mjs`, in a folder outside of this one:

    npm install esbuild ws
    node REPOSITORY/benchmarks/hanging/whatsapp/build.mjs CHECKOUT SERVER.cjs

Any other does that takes the arguments and the orders which `whatsapp/server.ts` names. The hub's processes load a copy
of neonize that trusts the server's key in the place of WhatsApp's (`prepare.py`), from a temporary folder.
"""
