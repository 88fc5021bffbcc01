# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Random schedules of users with and without an attacker, with shrinking."""
import random
from dataclasses import replace

from attacks import last
from events import place
from people import Client, World
from rules import P, h

HONEST = ('wait', 'wait', 'child', 'srvchild', 'roam_esp', 'roam_ike', 'rebind', 'login',
          'ikerekey', 'idle', 'refuse', 'undrain', 'pingdown', 'pingup', 'restart', 'swap')
ATTACK = ('replay', 'replay', 'replay_init', 'forge_esp', 'forge_ike', 'bad_login', 'spoof_init',
          'keepalive', 'mobike', 'own_esp')


def schedule(seed, n, attack):
    r = random.Random(seed)
    ev = []
    for i in range(n):
        ev.append((r.choice(HONEST), r.random(), r.random(), i))
        for j in range(r.choice((0, 1, 2, 4))):
            kinds = ATTACK[:-2] if attack == 'keyless' else ATTACK
            ev.append((r.choice(kinds), r.random(), r.random(), i * 10 + j))
    return ev


def play(ev, fixes, attack, vips=1, affinity='source', modes=('two', 'two', 'up', 'two')):
    w = World(fixes=fixes, vips=vips, affinity=affinity)
    users = [place(w, 'u%d' % i, ('10.1.1.1', '10.1.1.1', '10.2.2.2', '10.3.3.3')[i], 1000 + i,
                   'B%d' % (1 + i % 3), mode=m, vip=w.vips[i % vips], dpd=30)
             for i, m in enumerate(modes)]
    att = place(w, 'att', '10.9.9.9', 9, 'B3') if attack == 'valid' else None
    used, bad, faults, marks = [u.tup for u in users], None, [], []
    w.run(100)
    for n, (e, x, y, i) in enumerate(ev):
        u = users[int(x * len(users))]
        if e in ATTACK:
            if attack:
                strike(w, e, users, used, att, x, y, i)
            continue
        free = lambda t: all(t != c.tup for c in w.c)
        if e == 'wait':
            w.run(1 + int(y * 90))
        elif e == 'idle':
            u.mode, m, u.dpd = '', u.mode, 0
            w.run(int(y * 4000))
            u.mode, u.dpd = m, 30
        elif e == 'child':
            u.child()
        elif e == 'srvchild':
            u.server_child()
        elif e in ('roam_esp', 'roam_ike', 'rebind'):
            t = (('10.4.4.%d' % (y * 250), 5) if y < .4 else
                 (u.tup[0], 5000 + i) if e == 'rebind' or y < .5 else
                 used[int(y * 997) % len(used)])
            if free(t):
                used.append(t)
                u.tup = t
                if e == 'roam_ike':
                    u.ike('mobike')
        elif e == 'login':
            u.login()
        elif e == 'ikerekey':
            u.ike('ikerekey', 'CHILD')
        elif e == 'refuse':
            w.lb.drain['B%d' % (1 + int(y * 3))] = 'refuse'
        elif e == 'undrain':
            w.lb.drain = dict.fromkeys(w.b, '')
        elif e == 'pingdown':
            w.lb.up['B%d' % (1 + int(y * 3))] = False
        elif e == 'pingup':
            w.lb.up = dict.fromkeys(w.b, True)
        elif e == 'restart':
            w.lb.restart(True)
        # the users' own server dies for good, or returns empty
        elif e == 'swap':
            b = u.server()
            if b:
                for q in [q for q, sa in b.sas.items() if sa.key == u.key]:
                    del b.sas[q]
                u.login()
        w.run(130)
        for c in users:
            if not c.server():
                c.login()
                w.run(60)
            f = w.flows(c, 1, 20)
            marks.append((n, c.name, f > .85, c.server().name if c.server() else None))
            if f <= .85:
                faults.append((n, e, c.name, round(f, 2)))
                # start over, so that one fault is counted once
                c.login()
                w.run(60)
    return faults, marks, w


def strike(w, e, users, used, att, x, y, i):
    r = random.Random(str((e, x, y, i)))
    v = r.choice(users)
    tup = r.choice([v.tup, v.tup, r.choice(used), (v.tup[0], r.randint(1, 9999)),
                    ('10.4.4.%d' % r.randint(0, 250), 5)])
    vip = r.choice(w.vips)
    if e.startswith('replay'):
        kinds = ('INIT',) if e == 'replay_init' else ('IKE', 'ESP')
        seen = [p for p in w.seen[-4000:] if p.kind in kinds and (p.kind == 'INIT' or not p.r)]
        lastreq = [last(w, c) for c in users]
        p = r.choice(lastreq if r.random() < .6 and e == 'replay' else seen or lastreq)
        w.inbound(replace(p, tup=tup, vip=vip))
    elif e == 'forge_esp':
        for k in range(6):
            w.inbound(P('ESP', tup, vip, spi=v.kid, seq=10 ** 7 + w.tick))
            w.run(0)
            for c in users:
                c.data()
    elif e == 'forge_ike':
        w.inbound(P('IKE', tup, vip, pair=v.pair, mid=r.randint(0, 9),
                    exch=r.choice(('INFO', 'CHILD', 'AUTH'))))
    elif e == 'bad_login':
        a = Client(w, 'bad%s' % r.random(), r.choice([v.tup[0], '10.8.8.8']), 9, vip)
        w.c.append(a)
        init = P('INIT', a.tup, vip, 500, (h(a.name), 0), exch='INIT', first='SA', key=a.key)
        a.n, init = 1, replace(init, pair=(h(a.name, 1), 0), key=(a.name, 1))
        a.send = lambda p: w.inbound(p)
        a.send(init)
        if a.stash and a.stash.first == 'SA':
            w.inbound(P('IKE', tup, vip, 4500, a.stash.pair, mid=0, exch='AUTH', key=a.key,
                        inner='bad'))
        w.c.remove(a)
    elif e == 'spoof_init':
        w.inbound(P('INIT', (tup[0], 500), vip, 500, (h(w.tick), 0), exch='INIT', first='SA'))
    elif e == 'keepalive':
        w.inbound(P('KA', tup, vip))
    elif att and att.server():
        sa = att.server().sas[att.pair]
        q = P('IKE', tup, vip, 4500, att.pair, mid=sa.mid + 1, key=att.key, inner='mobike')
        if e == 'mobike':
            w.inbound(q)
            sa.feed, att.gone, sa.heard = True, True, w.now + 10 ** 6
        att.seq += 10
        w.inbound(P('ESP', tup, vip, spi=r.choice([att.kid, v.kid]), seq=att.seq, key=att.key,
                    inner='echo'))


def fault(ev, fixes, attack, **kw):
    f, m, w = play(ev, fixes, attack, **kw)
    if not attack:
        return f[:1], w
    g, m0, w0 = play(ev, fixes, None, **kw)
    # the first checkpoint that an attacker changed
    for a, b in zip(m0, m):
        if a[2] and not b[2] or a[3] != b[3] and a[2]:
            return [(a, b)], w
    return [], w


def shrink(ev, fixes, attack, **kw):
    size = len(ev) // 2
    while size:
        i = 0
        while i < len(ev):
            cut = ev[:i] + ev[i + size:]
            if fault(cut, fixes, attack, **kw)[0]:
                ev = cut
            else:
                i += size
        size //= 2
    return ev


def search(seeds, n, fixes, attack, **kw):
    bad, steps = [], 0
    for seed in seeds:
        ev = schedule(seed, n, attack)
        f, w = fault(ev, fixes, attack, **kw)
        steps += w.tick
        if f:
            bad.append((seed, f))
    return bad, steps
