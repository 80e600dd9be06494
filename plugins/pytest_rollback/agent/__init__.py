"""The code that runs on the host: standard library only, Python 3.8 or later, sent compressed.

It imports nothing but the standard library and, relatively, itself; on the host the package has
another name. Nothing of it stays there. It reads one document of requests and writes one framed,
hashed document of answers; secret values are taken out before it is written.

Order of calls: `main` decodes with `protocol`, finds each operation in `routes`, which loads its
module and no other, and turns `errors` into answers. Bottom up the packages are `system`, `files`,
`state`, `configuration`, `observe`, `backup`, then `services`, `database` and `restore`, and
`rollback`, which uses all of them. Every change is made under the lock of `state` and is written
to the run's journal before it is made.
"""
