# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What tunnels live through: each scenario returns what must be true."""
from people import SA
from rules import P, h


# -------------------- directed scenarios: each returns what must be true
# a user who lives on backend b, by whatever history
def place(w, name, addr, port, b, data=True, **k):
    c = w.client(name, addr, port, **k)
    sched, bind = w.lb.schedule, w.lb.bind.pop(addr, None)
    w.lb.schedule = lambda *a: b
    assert c.login(), name
    del w.lb.schedule
    assert sched and c.server().name == b
    if bind:
        w.lb.bind[addr] = bind
    if data:
        w.run(5)
    return c


# freeze everybody else's clock-driven traffic
def keep_feeding(w, tup):            # B2 goes on to believe in a client of the past
    sa = SA(('x', 'y'), 'x', tup, est=True, feed=True)
    w.b['B2'].sas[sa.pair] = sa


def e1_cookie_retry(w):
    a, w.b['B1'].cookies, w.b['B2'].cookies = w.other('B1'), True, True
    v = w.client('v', a, 2000)
    # COOKIE of B1 on its way ...
    w.lb.steer(P('INIT', (a, 2000), vport=500, pair=(h('v', 1), 0), first='SA'))
    # ... a NAT-mate's binding appears ...
    place(w, 'm', a, 3000, 'B2')
    p = P('INIT', (a, 2000), vport=500, pair=(h('v', 1), 0), first='COOKIE', cookie='B1')
    return w.lb.steer(p) == ['B1']


def e4_other_address(w):
    c = w.client('v', w.other('B1'), 2000)
    return c.login(addr4500=(w.other('B2'), 4444)) and (w.run(3) or w.flows(c) > .9)


def e4_upload_only(w):
    c = w.client('v', w.other('B1'), 2000, mode='up', dpd=30)
    return c.login(addr4500=(w.other('B2'), 4444)) and (w.run(100) or w.flows(c) > .9)


def e4_then_e14(w):
    c = w.client('v', w.other('B1'), 2000)
    c.login(addr4500=(w.other('B2'), 4444))
    w.run(900)
    c.tup = (w.other('B3'), 1)
    return c.ike('mobike') and w.flows(c) > .9


def e7_child_rekeys(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1')
    r = [w.flows(v)]
    for i in range(25):
        v.child() if i % 2 else v.server_child()
        w.run(120)
        r.append(w.flows(v))
    return min(r) > .9


def e11_ike_rekey_dpd(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1')
    ok = v.ike('ikerekey', 'CHILD')
    w.run(400)
    return ok and v.ike() and w.flows(v) > .9


def e13_reauth_refuse(w):
    v = place(w, 'v', w.other('B1'), 4500, 'B1')
    w.lb.drain['B1'] = 'refuse'
    old = (v.pair, v.kid, v.seq, v.n)
    ok = v.login() and v.server().name != 'B1' and w.flows(v) > .9
    # the old SA, still used until it is deleted
    v.pair, v.kid, v.seq, v.n = old
    v.seq += 100
    return ok and w.flows(v) > .9


# after a failover the old binding returns
def e13_reauth_in_office(w):
    v = place(w, 'v', w.other('B1'), 4500, 'B1')
    w.lb.up['B1'] = w.b['B1'].alive = False
    v.login()
    w.run(30)
    w.lb.up['B1'] = w.b['B1'].alive = True
    w.b['B1'].sas.clear()
    b, _ = v.server().name, w.run(30)
    return v.login() and v.server().name == b


# roamed ESP first to an unused address, then reauth
def e13_reauth_after_e17(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1')
    v.tup = (w.other('B3'), 777)
    w.run(30)
    return v.login() and v.server().name == 'B1'


def e14_fresh(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1')
    v.tup = (w.other('B3'), 777)
    return v.ike('mobike') and w.flows(v) > .9


# u left this tuple; his server does not know yet
def used_tuple(w, feed=False):
    u = place(w, 'u', w.other('B2'), 4500, 'B2')
    w.run(20)
    u.server().sas[u.pair].feed = feed
    u.gone = True
    return u.tup


def e14_used_tuple(w, feed=False):
    v = place(w, 'v', w.other('B2')[:-1] + '77', 4500, 'B1')
    v.tup = used_tuple(w, feed)
    ok = v.ike('mobike')
    v.child()
    w.run(3)
    return ok and w.flows(v, 5) > .9


def e14_used_tuple_fed(w):
    return e14_used_tuple(w, True)


def e15_unseen_pair(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1')
    v.ike('ikerekey', 'CHILD')
    v.tup = (w.other('B3'), 777)
    return v.ike('mobike') and w.flows(v) > .9


def e15_into_used_tuple(w):
    v = place(w, 'v', '10.9.9.9', 4500, 'B1')
    v.ike('ikerekey', 'CHILD')
    v.tup = used_tuple(w)
    return v.ike('mobike') and w.flows(v) > .9


def e16_rebinding(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1')
    v.tup = (v.tup[0], 999)
    return w.flows(v) > .9


def e17_fresh(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1')
    v.tup = (w.other('B3'), 777)
    return w.flows(v) > .9


def e17_used_address(w):
    v = place(w, 'v', '10.9.9.9', 4500, 'B1')
    v.tup = (used_tuple(w)[0], 777)
    return w.flows(v) > .9


def e17_used_tuple(w, feed=False):
    v = place(w, 'v', '10.9.9.9', 4500, 'B1')
    v.tup = used_tuple(w, feed)
    w.run(2)
    return w.flows(v, 5) > .9


def e17_used_tuple_fed(w):
    return e17_used_tuple(w, True)


# E24: claims must form at the new address too
def e17_twice_with_rekey(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1')
    r = []
    for i in range(6):
        v.tup = (w.other('B3'), 700 + i)
        w.run(5)
        v.server_child()
        w.run(70)
        v.tup = ('10.8.8.%d' % i, 700)
        r.append(w.flows(v))
        v.server_child()
        w.run(70)
    return min(r) > .9


def e24_reconnects(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1')
    for i in range(20):
        v.login()
        w.run(90)
    v.tup = (w.other('B3'), 777)
    return w.flows(v) > .9


def equal_spis(w, **k):
    a = place(w, 'a', '10.7.7.7', 1111, 'B1')
    b = place(w, 'b', '10.7.7.7', 2222, 'B2', data=False, **k)
    sb = b.server().sas[b.pair]
    sb.kids = {a.kid: 0}
    b.kid = a.kid
    return a, b


def e20_equal_spis(w):
    a, b = equal_spis(w)
    w.run(5)
    return w.flows(a) > .9 and w.flows(b) > .9


def e20_equal_spis_after_idle(w):
    a, b = equal_spis(w)
    w.run(5)
    b.mode = ''
    w.run(30)
    b.mode = 'two'
    return w.flows(b) > .9


def e20_equal_spis_upload(w):
    a, b = equal_spis(w, mode='up', dpd=30)
    w.run(90)
    return w.flows(b) > .9


# a NAT that reuses a port for each destination
def e20_two_vips_one_tuple(w):
    a = place(w, 'a', '10.7.7.7', 1111, 'B1', vip='v1')
    b = place(w, 'b', '10.7.7.7', 1111, 'B2', vip='v2')
    w.run(5)
    a.child(), b.child()
    w.run(5)
    return w.flows(a) > .9 and w.flows(b) > .9


def e22_login_elsewhere(w, mode='two', dpd=0):
    v = place(w, 'v', w.other('B1'), 4500, 'B1', mode=mode, dpd=dpd)
    w.lb.up['B1'] = w.b['B1'].alive = False
    v.login()
    w.run(3)
    r = [w.flows(v)]
    w.lb.up['B1'] = w.b['B1'].alive = True
    w.run(400)
    return min(r + [w.flows(v)]) > .9


def e22_upload_only(w):
    return e22_login_elsewhere(w, 'up', 30)


def e22_upload_no_dpd(w):
    return e22_login_elsewhere(w, 'up')


def e22_ping_only(w):
    v = place(w, 'v', w.other('B1'), 4500, 'B1')
    w.lb.up['B1'] = False
    r = [w.flows(v)]
    v.server_child()
    r.append(w.flows(v))
    w.run(60)
    return min(r + [w.flows(v)]) > .9


# a server comes while the user looks for his password
def e22_added_while_asked(w):
    def pause():
        w.run(20, quiet=(v,))
        w.lb.up['B1'] = True
        w.run(20, quiet=(v,))
        auth = P('IKE', v.tup, v.vip, 4500, v.pair, exch='AUTH', key=v.key)
        to.extend(w.lb.steer(auth))

    v, to = w.client('v', w.other('B1'), 4500), []
    w.lb.up['B1'] = False
    return v.login(pause=pause) and to == [v.server().name] and w.flows(v) > .9


# re-login elsewhere, the old server keeps sending
def e22_stale_server_feeds(w):
    v = place(w, 'v', w.other('B1'), 4500, 'B1')
    v.server().sas[v.pair].feed = True
    w.lb.drain['B1'] = 'refuse'
    v.login()
    w.lb.drain['B1'] = ''
    w.run(10)
    r = [w.flows(v, 5)]
    v.server_child()
    w.run(10)
    r.append(w.flows(v, 5))
    # the old server gives up: does it heal?
    for q in [q for q in w.b['B1'].sas if q != v.pair]:
        del w.b['B1'].sas[q]
    v.dpd = 30
    w.run(3600)
    w.stale = r, w.flows(v)
    return min(r) > .9


def e26_other_vip(w):
    v = place(w, 'v', '10.7.7.7', 1111, 'B1')
    v.tup, v.vip = ('10.9.9.9', 2222), 'v2'
    ok = v.ike('mobike') and w.flows(v) > .9
    v.tup, v.vip = ('10.7.7.7', 1111), 'v1'
    return ok and v.ike('mobike') and w.flows(v) > .9


def e26_vip_of_other_family(w):
    v = place(w, 'v', '10.7.7.7', 1111, 'B1')
    v.tup, v.vip = ('fd::7', 2222), 'v2'
    ok = v.ike('mobike') and w.flows(v) > .9
    v.child()
    ok = ok and w.flows(v) > .9
    v.tup, v.vip = ('10.5.5.5', 2222), 'v1'
    ok = ok and v.ike('mobike') and w.flows(v) > .9
    w.run(60)
    v.tup, v.vip = ('fd::9', 2222), 'v2'
    ok = ok and w.flows(v) > .9
    v.tup, v.vip = ('10.7.7.7', 1111), 'v1'
    return ok and v.ike('mobike') and w.flows(v) > .9


def upload_only(w, dpd=30):
    v = place(w, 'v', w.other('B2'), 4500, 'B1', mode='up', dpd=dpd)
    w.run(200)
    r = [w.flows(v)]
    v.child()
    w.run(100)
    return min(r + [w.flows(v)]) > .9


def upload_no_dpd_server_dpd(w):
    w.b['B1'].dpd = 20
    return upload_only(w, 0)


def upload_only_e17(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1', mode='up', dpd=30)
    w.run(200)
    v.tup = (w.other('B3'), 777)
    return w.flows(v) > .9


def download_only(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1', mode='')
    v.server().sas[v.pair].feed = True
    w.run(600)
    n = v.got
    w.run(100)
    v.mode = 'two'
    return v.got - n >= 90 and w.flows(v) > .9


def idle_hour(w, dpd=60, pool=False):
    v = place(w, 'v', w.other('B2'), 4500, 'B1')
    v.mode, v.server().dpd = '', dpd
    w.run(3700)
    v.mode = 'two'
    return w.flows(v) > .9


# heals only with the client's first DPD
def idle_hour_no_dpd_then_dpd(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1')
    v.mode, v.server().dpd = '', 0
    w.run(3700)
    v.mode, v.dpd = 'two', 30
    w.run(60)
    return w.flows(v) > .9


def restart_kept(w, stale=False, mode='two', dpd=0):
    v = place(w, 'v', '10.7.7.7', 4500, 'B1', mode=mode, dpd=dpd)
    w.run(20)
    w.lb.restart(True)
    if stale:
        keep_feeding(w, v.tup)
    w.run(10)
    r = [w.flows(v)]
    v.server_child()
    w.run(20)
    return min(r + [w.flows(v, 5)]) > .9


def restart_stale_feeds(w):
    return restart_kept(w, True)


def restart_upload(w):
    return restart_kept(w, False, 'up', 30)


# nothing saved, an old server feeds for 3 more minutes
def crash_stale_feeds(w):
    v = place(w, 'v', '10.7.7.7', 4500, 'B1', dpd=30)
    w.run(20)
    w.lb.restart(False)
    keep_feeding(w, v.tup)
    w.run(180)
    w.b['B2'].sas.clear()
    w.run(420)
    return w.flows(v) > .9


def restart_empty(w):
    v = place(w, 'v', w.other('B2'), 4500, 'B1', dpd=30)
    w.run(20)
    w.lb.restart(False)
    w.run(90)
    r = [w.flows(v)]
    v.server_child()
    w.run(90)
    r.append(w.flows(v))
    v.tup = (w.other('B3'), 777)
    return min(r + [w.flows(v)]) > .9
