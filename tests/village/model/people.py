# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Servers, clients and the world that they live in; rules.py decides."""
from dataclasses import dataclass, field, replace

from rules import LB, P, h


# -------------------- servers: answer what they know, else silent
@dataclass
class SA:
    pair: tuple
    key: object
    peer: tuple
    est: bool = False
    mid: int = -1             # last request seen, and its answer
    answer: object = None
    kids: dict = field(default_factory=dict)       # ESP SPI -> highest sequence number
    tx: int = 0
    heard: int = 0
    asked: int = 0
    # known to the server with an alias address per VIP alone; LB looks at it only then
    vip: str = 'v1'
    feed: bool = False        # the inside keeps sending to this client


class Backend:
    def __init__(s, w, name):
        s.w, s.name, s.alive, s.sas, s.cookies, s.dpd = w, name, True, {}, False, 60

    def recv(s, p):
        if not s.alive or p.kind == 'KA':
            return None
        if p.kind == 'INIT':
            if s.cookies and p.cookie != s.name:
                return s.say(P('INIT', p.tup, p.vip, p.vport, pair=p.pair, r=1, exch='INIT',
                               first='COOKIE', cookie=s.name))
            pair = (p.pair[0], h(s.name, p.pair[0], p.key))
            s.sas.setdefault(pair, SA(pair, p.key, p.tup, heard=s.w.now))
            return s.say(P('INIT', p.tup, p.vip, p.vport, pair=pair, r=1, exch='INIT', first='SA'))
        if p.kind == 'ESP':
            for sa in s.sas.values():
                if p.spi in sa.kids and sa.key == p.key and p.seq > sa.kids[p.spi]:
                    sa.kids[p.spi], sa.peer, sa.vip, sa.heard = p.seq, p.tup, p.vip, s.w.now
                    s.w.accepted(s, p)
                    if p.inner == 'echo':
                        s.esp(sa)
            return None
        sa = s.sas.get(p.pair)
        if not sa:
            return None
        if p.r:
            if sa.key == p.key:
                sa.heard, sa.asked = s.w.now, 0
            return None
        # a replay is answered to any source
        if p.mid == sa.mid and sa.answer:
            return s.say(replace(sa.answer, tup=p.tup, vip=p.vip))
        if p.mid != sa.mid + 1 or p.key != sa.key:
            return None
        sa.mid, sa.heard = p.mid, s.w.now
        s.w.accepted(s, p)
        if p.exch == 'AUTH':
            if p.inner != 'bad':
                sa.est, sa.peer, sa.vip = True, p.tup, p.vip
                sa.kids[h('kid', sa.pair, 0)] = 0
        elif not sa.est:
            return None
        elif p.inner == 'mobike':
            sa.peer, sa.vip = p.tup, p.vip
        elif p.inner == 'child':
            sa.kids[h('kid', sa.pair, len(sa.kids))] = 0
        sa.answer = P('IKE', p.tup, p.vip, p.vport, pair=p.pair, r=1, mid=p.mid, exch=p.exch,
                      key=sa.key, inner=p.inner)
        s.say(sa.answer)
        # the new pair exists, seen by nobody outside
        if p.inner == 'ikerekey':
            new = (h('i', p.pair), h('r', p.pair))
            s.sas[new] = replace(sa, pair=new, mid=-1, answer=None)
            sa.kids, sa.feed, sa.est = {}, False, False

    def esp(s, sa):
        s.say(P('ESP', sa.peer, sa.vip, spi=h('out', sa.pair), key=sa.key))

    def request(s, sa, inner='', exch='INFO'):
        sa.tx += 1
        s.say(P('IKE', sa.peer, sa.vip, pair=sa.pair, mid=sa.tx, exch=exch, key=sa.key,
                inner=inner))

    def say(s, p):
        if s.alive:
            s.w.outbound(s, p)

    def tick(s):
        for sa in list(s.sas.values()) if s.alive else ():
            if not sa.est:
                continue
            if sa.feed:
                s.esp(sa)
            if s.dpd and s.w.now - sa.heard >= s.dpd and (s.w.now - sa.heard) % 10 == 0:
                sa.asked += 1
                if sa.asked > 5:
                    del s.sas[sa.pair]
                else:
                    s.request(sa)


# -------------------- honest clients
class Client:
    def __init__(s, w, name, addr, port, vip='v1', mode='two', dpd=0):
        s.w, s.name, s.vip, s.mode, s.dpd = w, name, vip, mode, dpd
        s.tup, s.n, s.pair, s.kid, s.seq = (addr, port), 0, None, 0, 0
        s.mid, s.got, s.gone = 0, 0, False
        s.heard, s.stash, s.cookie, s.wait = 0, None, None, None

    key = property(lambda s: (s.name, s.n))

    def send(s, p):
        s.w.inbound(p, s)

    def ike(s, inner='', exch='INFO', tries=3):
        p = P('IKE', s.tup, s.vip, 4500, s.pair, mid=s.mid, exch=exch, key=s.key, inner=inner)
        for _ in range(tries):
            s.stash = None
            s.send(p)
            if s.stash:
                s.mid += 1
                return True
            s.w.run(2, quiet=(s,))
            p = replace(p, tup=s.tup)
        return False

    def login(s, port500=500, auth='ok', addr4500=None, pause=lambda: None):
        s.n += 1
        spii, old = h(s.name, s.n), s.tup
        p = P('INIT', (s.tup[0], port500), s.vip, 500, (spii, 0), exch='INIT', first='SA',
              key=s.key)
        for _ in range(4):
            s.stash = None
            s.send(p)
            if not s.stash:
                s.w.run(1, quiet=(s,))
            elif s.stash.first == 'COOKIE':
                p = replace(p, cookie=s.stash.cookie, first='COOKIE')
            else:
                break
        if not s.stash or s.stash.first != 'SA':
            return False
        s.pair, s.mid, s.seq = s.stash.pair, 0, 0
        pause()
        if addr4500:
            s.tup = addr4500
        if not s.ike(auth, 'AUTH'):
            return False
        s.kids, s.kid = 1, h('kid', s.pair, 0)
        return True

    def child(s):                                                    # rekey by the client
        if s.ike('child', 'CHILD'):
            s.kid, s.kids, s.seq = h('kid', s.pair, s.kids), s.kids + 1, 0
            return True

    def server(s):
        return next((b for b in s.w.b.values() if s.pair in b.sas and b.sas[s.pair].est), None)

    def server_child(s):                                             # rekey by the server
        b = s.server()
        if b:
            b.request(b.sas[s.pair], 'srvchild', 'CHILD')

    def recv(s, p):
        if p.key == s.key:
            s.heard = s.w.now
        if p.kind == 'INIT' and p.pair[0] == h(s.name, s.n):
            s.stash = p
        elif p.kind == 'ESP' and p.key == s.key:
            s.got += 1
        elif p.kind == 'IKE' and p.key == s.key and p.r:
            if p.mid == s.mid:
                s.stash = p
                if p.inner == 'ikerekey':
                    s.pair, s.mid = (h('i', s.pair), h('r', s.pair)), -1
        elif p.kind == 'IKE' and p.key == s.key and not p.r and p.pair == s.pair:
            s.send(P('IKE', s.tup, s.vip, 4500, s.pair, r=1, mid=p.mid, exch=p.exch, key=s.key))
            if p.inner == 'srvchild':
                sa = s.server().sas[s.pair]
                sa.kids[h('kid', s.pair, s.kids)] = 0
                s.kid, s.kids, s.seq = h('kid', s.pair, s.kids), s.kids + 1, 0

    def data(s):
        if s.kid and s.mode in ('two', 'up'):
            s.seq += 1
            s.send(P('ESP', s.tup, s.vip, 4500, spi=s.kid, seq=s.seq, key=s.key,
                     inner='echo' if s.mode == 'two' else ''))

    def tick(s):
        if s.gone or not s.kid:
            return
        s.data()
        if s.dpd and s.w.now - s.heard >= s.dpd and s.w.now % 5 == 0:
            s.stash = None
            s.send(P('IKE', s.tup, s.vip, 4500, s.pair, mid=s.mid, key=s.key))
            s.mid += bool(s.stash)


# -------------------- the world
class World:
    def __init__(s, backends=3, vips=1, **lb):
        s.now, s.tick, s.c, s.seen, s.trace, s.cur = 1000, 0, [], [], [], None
        s.vips = ['v%d' % (i + 1) for i in range(vips)]
        s.b = {'B%d' % i: None for i in range(1, backends + 1)}
        s.b = {n: Backend(s, n) for n in s.b}
        s.lb = LB(s, **lb)

    def client(s, *a, **k):
        s.c.append(Client(s, *a, **k))
        return s.c[-1]

    def inbound(s, p, who=None):
        s.tick += 1
        out = s.lb.steer(p)
        if who:
            s.seen.append(p)
            s.trace.append([who.name, p, out[0] if out else None, False])
        prev, s.cur = s.cur, s.trace[-1] if who else None
        mark = s.cur
        for b in out:
            s.cur = mark
            s.b[b].recv(p)
        s.cur = prev

    def accepted(s, b, p):
        if s.cur and s.cur[1] == p:
            s.cur[3] = b.name

    def outbound(s, b, p):
        s.tick += 1
        vip = s.lb.learn(b.name, p)
        for c in s.c:
            at = p.tup == c.tup or (p.vport == 500 and p.tup[0] == c.tup[0] and p.kind == 'INIT')
            if at and vip == c.vip and not c.gone:
                c.recv(p)

    def run(s, secs, quiet=()):
        for _ in range(secs):
            s.now += 1
            for b in s.b.values():
                b.tick()
            for c in s.c:
                if c not in quiet:
                    c.tick()

    # an address that the hash puts on that backend
    def other(s, name, addr=None):
        i = 0
        while s.lb.schedule('10.%s.%d' % (name, i)) != name:
            i += 1
        return '10.%s.%d' % (name, i)

    # share of a client's ESP that its server accepts
    def flows(s, c, secs=3, rate=20):
        ok = n = 0
        for _ in range(secs):
            s.run(1)
            for _ in range(rate):
                got = c.got
                c.data()
                t = s.trace[-1]
                n += 1
                ok += bool(t[3]) and (c.mode != 'two' or c.got > got)
        return ok / n
