# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Non-interference, directed: v is on B1; m is a NAT-mate on B2 whose datagrams were recorded."""
from dataclasses import replace

from events import keep_feeding, place, used_tuple
from rules import P, h


def last(w, c, exch=None):
    return next(p for n, p, _, _ in reversed(w.trace)
                if n == c.name and p.kind == 'IKE' and not p.r)


def victim(w, mate=True, **k):
    v = place(w, 'v', '10.7.7.7', 1111, 'B1', **k)
    m = place(w, 'm', '10.7.7.7' if mate else '10.6.6.6', 2222, 'B2')
    w.run(20)
    return v, m, last(w, m)


# v idle 10 s, then a fresh child SA
def n1_replayed_mate_idle_victim(w):
    v, m, p = victim(w)
    v.mode = ''
    w.run(15)
    w.inbound(replace(p, tup=v.tup))
    v.server_child()
    w.run(12)
    w.inbound(replace(p, tup=v.tup))
    v.mode = 'two'
    return w.flows(v) > .9


# as above, v's last own exchange is 7 min ago
def n1_replayed_mate_long_idle(w):
    v, m, p = victim(w)
    v.mode, m.mode, m.dpd = '', 'up', 30
    w.run(420)
    v.server_child()
    w.run(12)
    w.inbound(replace(last(w, m), tup=v.tup))
    v.mode = 'two'
    return w.flows(v) > .9


def n2_replayed_mate_upload_victim(w):
    v, m, p = victim(w, mode='up', dpd=30)
    w.run(100)
    w.inbound(replace(p, tup=v.tup))
    w.run(5)
    return w.flows(v) > .9


def n3_failed_logins_become_established(w):
    v, m, _ = victim(w, False)
    a = w.client('att', w.other('B1'), 9)
    for i in range(30):
        a.login(auth='bad', addr4500=v.tup)
        a.tup = (w.other('B1'), 9)
        w.run(5)
    est = [q for q, e in w.lb.pairs.items() if e['st'] == 'est' and e['began'] == a.tup[0]]
    return not est


def forge(w, tup, spi, n=4, **k):
    for i in range(n):
        w.inbound(P('ESP', tup, spi=spi, seq=1000000 + w.tick, **k))
        w.run(1)


# forged from m's tuple, with v's SPI; then v's E17
def n4_spi_made_ambiguous(w):
    v, m, _ = victim(w, False)
    forge(w, m.tup, v.kid)
    v.tup = ('10.5.5.5', 77)
    return w.flows(v) > .9


# v's new SPI is claimed from the mate's tuple first
def n5_mate_claims_first(w):
    v, m, _ = victim(w)
    v.mode = ''
    v.server_child()
    w.run(12)
    forge(w, m.tup, v.kid)
    w.run(12)
    v.mode = 'two'
    return w.flows(v) > .9


# v's SPI is claimed from m's tuple too; m leaves it, and v moves there
def n5_claimed_where_v_roams(w):
    v, m, _ = victim(w, False)
    forge(w, m.tup, v.kid)
    m.gone = True
    v.tup = m.tup
    return w.flows(v) > .9


# the attacker's own SA on B3, answered at v's tuple
def valid(w, v):
    a = place(w, 'att', '10.3.3.3', 9, 'B3')
    a.gone = True
    sa = a.server().sas[a.pair]
    a.tup = v.tup
    a.ike('mobike')
    sa.feed = True
    return a


def n6_valid_mobike_onto_victim(w, mode='two', dpd=0):
    v, m, _ = victim(w, False, mode=mode, dpd=dpd)
    w.run(400)
    valid(w, v)
    w.run(30)
    r = [w.flows(v, 5)]
    v.server_child()
    w.run(10)
    return min(r + [w.flows(v, 5)]) > .9


def n6_valid_mobike_upload_victim(w):
    return n6_valid_mobike_onto_victim(w, 'up', 30)


def n6_valid_mobike_while_ping_fails(w):
    v, m, _ = victim(w, False, dpd=30)
    w.lb.up['B1'] = False
    w.lb.restart(True)
    valid(w, v)
    w.run(60)
    v.server_child()
    w.run(30)
    return w.flows(v) > .9


# v's binding and the hash decide, not strangers
def n7_next_login(w):
    v, m, p = victim(w, False)
    for x in range(20):
        w.inbound(replace(p, tup=(v.tup[0], 3000 + x)))
        w.inbound(replace(p, tup=v.tup))
    valid(w, v)
    w.run(20)
    return v.login() and v.server().name == 'B1'


# v's request replayed at the other VIP
def n8_reply_vip(w):
    v, m, _ = victim(w, False)
    w.inbound(replace(last(w, v), vip='v2'))
    n = v.got
    v.server().sas[v.pair].feed, v.mode = True, ''
    w.run(5)
    ok = v.got - n == 5
    forge(w, v.tup, v.kid, 2, vip='v2')
    v.mode = 'two'
    return ok and w.flows(v) > .9


# a login that fails at the other VIP, its IKE_AUTH from v's tuple
def n8_failed_login_at_other_vip(w):
    v, m, _ = victim(w, False)
    own = (w.other('B1'), 9)
    a = w.client('att', *own)
    a.vip = 'v2'
    v.server().sas[v.pair].feed, v.mode = True, ''
    for i in range(3):
        a.tup = own
        a.login(auth='bad', addr4500=v.tup)
        w.run(5)
    n = v.got
    w.run(5)
    ok = v.got - n == 5
    v.mode = 'two'
    return ok and w.flows(v) > .9


# the same at v's own server, at the VIP that v has left to a mate
def n8_failed_login_at_left_vip(w):
    v = place(w, 'v', '10.7.7.7', 1111, 'B1', vip='v2')
    m = place(w, 'm', '10.6.6.6', 2222, 'B2', vip='v2')
    v.vip, v.mode = 'v1', ''
    w.run(2)
    ok = v.login()
    v.server_child()
    v.mode = 'two'
    w.run(2)
    m.tup = v.tup
    ok = m.ike('mobike') and w.flows(m) > .9 and ok
    v.mode = ''
    w.run(6)
    a = w.client('att', v.tup[0], 9, vip='v2')
    a.login(auth='bad', addr4500=v.tup)
    a.gone, v.mode = True, 'two'
    return w.flows(v) > .9 and ok


# four foreign nominees, then v logs in to another server
def n9_nominees_full(w):
    v, m, p = victim(w, False)
    for b in ('B3', 'B4', 'B5', 'B2'):
        x = place(w, 'x' + b, '10.6.1.' + b[1], 5, b)
        w.inbound(replace(last(w, x), tup=v.tup))
    w.lb.up['B1'] = w.b['B1'].alive = False
    v.login()
    w.run(3)
    return w.flows(v) > .9


# a tuple is poisoned before v comes
def n10_provisional_by_replay(w):
    v, m, p = victim(w, False)
    v.tup = ('10.5.5.5', 77)
    w.inbound(replace(p, tup=v.tup))
    r = [w.flows(v)]
    w.run(5)
    return min(r + [w.flows(v)]) > .9


def n11_provisional_by_replay_upload(w):
    v, m, p = victim(w, False)
    v = w.client('u', w.other('B3'), 77, mode='up', dpd=30)
    w.inbound(replace(p, tup=v.tup))
    v.login()
    r = [w.flows(v)]
    w.run(60)
    return min(r + [w.flows(v)]) > .9


# binding of the new address against the SA's own server
def e13_reauth_after_roam(w):
    v = place(w, 'v', '10.9.9.9', 4500, 'B1')
    v.tup = (used_tuple(w)[0], 777)
    w.run(30)
    return v.login() and w.flows(v) > .9


def e22_office_ping_down(w):
    u, v = place(w, 'u', '10.7.7.7', 1, 'B1'), place(w, 'v', '10.7.7.7', 2, 'B1')
    w.lb.up['B1'] = False
    v.login()
    w.run(5)
    w.lb.up['B1'] = True
    b, ok = v.server().name, w.flows(u) > .9 and w.flows(v) > .9
    return ok and v.login() and v.server().name == b


def restart_upload_stale(w):
    v = place(w, 'v', '10.7.7.7', 4500, 'B1', mode='up', dpd=30)
    w.run(20)
    w.lb.restart(True)
    keep_feeding(w, v.tup)
    w.run(10)
    v.server_child()
    w.run(60)
    return w.flows(v) > .9


def upload_rekeyed_pair_is_established(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1', mode='up', dpd=30)
    w.run(100)
    v.ike('ikerekey', 'CHILD')
    w.run(60)
    return w.lb.pairs[v.pair]['st'] == 'est'


# six backends: forged from five users' tuples
def n4_spi_claimed_everywhere(w):
    v, m, _ = victim(w, False)
    for b in ('B3', 'B4', 'B5', 'B6'):
        forge(w, place(w, b, '10.6.1.' + b[1], 5, b).tup, v.kid, 6)
    v.tup = ('10.5.5.5', 77)
    return w.flows(v) > .9


def n12_replays_block_no_claim(w):
    v, m, p = victim(w)
    for i in range(4):
        w.inbound(replace(last(w, m), tup=v.tup))
        w.run(1)
        v.server_child()
        w.run(100)
    v.tup = ('10.5.5.5', 77)
    return w.flows(v) > .9


# on-path: m's newest ESP arrives first from v's tuple
def n13_stolen_fresh_esp(w, mode='two'):
    v, m, p = victim(w, False, mode=mode, dpd=30)
    w.run(100)
    w.inbound(replace(last(w, m), tup=v.tup))
    m.seq, m.gone = m.seq + 1, True
    w.inbound(P('ESP', v.tup, spi=m.kid, seq=m.seq, key=m.key, inner='echo'))
    m.server().sas[m.pair].feed = True
    w.run(3)
    r = [w.flows(v)]
    v.server_child()
    w.run(3)
    return min(r + [w.flows(v)]) > .9


def n13_stolen_fresh_esp_upload(w):
    return n13_stolen_fresh_esp(w, 'up')


# forged SPIs on v's own tuple, then v's E17
def n14_claim_budget(w):
    v, m, _ = victim(w, False)
    v.server_child()
    for i in range(120):
        for x in range(4):
            w.inbound(P('ESP', v.tup, spi=10 ** 6 + i // 6 * 4 + x, seq=1000 + i))
        w.run(1)
    v.tup = ('10.5.5.5', 77)
    return w.flows(v) > .9


def n15_valid_speaks_where_v_roams(w, mode='two'):
    v, t = place(w, 'v', '10.7.7.7', 1111, 'B1', mode=mode, dpd=30), ('10.5.5.5', 77)
    w.run(100)
    valid(w, replace_tuple(v, t))
    w.run(5)
    v.tup = t
    ok = v.ike('mobike')
    w.run(60)
    r = [w.flows(v)]
    v.server_child()
    w.run(60)
    return ok and min(r + [w.flows(v)]) > .9


def replace_tuple(v, t):
    return type('Where', (), dict(tup=t))


def n15_valid_speaks_where_upload_roams(w):
    return n15_valid_speaks_where_v_roams(w, 'up')


# a stranger's INIT is answered at v's next port, by another server than v's
def n16_init_answered_where_v_rebinds(w):
    v = place(w, 'v', '10.7.7.7', 1111, 'B1')
    w.run(5)
    v.mode = ''
    v.server_child()
    w.lb.drain['B1'] = 'refuse'
    v.tup = (v.tup[0], 2222)
    w.inbound(P('INIT', v.tup, pair=(h('new'), 0), exch='INIT', first='SA'))
    v.mode = 'two'
    return w.flows(v) > .9
