# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The affinity rules as a model that runs; a second opinion on the village's scenarios.

It is simpler than the rules of docs/affinity.md: a claim at odds is not made, where the product
makes it shared, and of ESP nobody is asked but those who stand at the tuple or claim the SPI.
`steer` is where a client's datagram goes, `learn` is what a server's teaches. Each of FIXES can be
left out: a scenario shows what goes wrong without it. Time is in
seconds, delivery is instantaneous, crypto is a `key` that only its holder can put into a packet. A
tuple is (address, port). `vport` is 500 or 4500."""
import hashlib
from dataclasses import dataclass, replace

# What each rule says, and a scenario that fails without it (run.py tries).
FIXES = {
    'speak': ('ESP without a claim is asked of all strong nominees (a fresh answer) and of all who '
              'speak there; an SPI is claimed only while that is one backend, and anything from it '
              'counts between the two packets', 'e17_used_tuple'),
    'tag':   ('a claim with another tag is no claim, but its backend is among those asked',
              'n5_mate_claims_first'),
    'odds':  ('where another backend has claimed an SPI, it is not claimed by what comes from here',
              'n5_claimed_where_v_roams'),
    'down':  ('a binding whose backend is down or refuses counts as empty', 'e22_office_ping_down'),
    'half':  ('for SPIr = 0 the half-open choice comes before the binding', 'e1_cookie_retry'),
    'rekey': ('a pair whose INIT was not seen (rekeyed) is established by its first SK',
              'upload_rekeyed_pair_is_established'),
    'began': ('ESP establishes only a pair that began at that address',
              'n3_failed_logins_become_established'),
    'alias': ('several VIPs over one backend: an alias address per VIP on the server tells the VIP',
              'n8_reply_vip'),
}
COPY_RATE, NOMINEES, SILENT = 8, 4, 10
T = dict(half=75, choice=30, answered=300, est=86400, flow=2700, prov=30, nominee=300, pending=10,
         claim=2700)
CAP_ANSWERED, CAP_ANS_SRC, CLAIM_BURST, CLAIM_REFILL = 64, 8, 24, 60


def h(*a):
    return int.from_bytes(hashlib.blake2b(repr(a).encode(), digest_size=8).digest(), 'big') | 256


@dataclass(frozen=True)
class P:                      # one datagram; tup is the client's tuple in both directions
    kind: str                 # INIT, IKE, ESP, KA
    tup: tuple
    vip: str = 'v1'
    vport: int = 4500
    pair: tuple = (0, 0)      # (SPIi, SPIr)
    r: int = 0
    mid: int = 0
    exch: str = 'INFO'        # INIT, AUTH, CHILD, INFO
    first: str = 'SK'         # first payload: SK, SA, COOKIE, N
    spi: int = 0
    seq: int = 0
    key: object = None        # who holds the keys
    inner: str = ''           # seen by key holders alone
    cookie: object = None


# -------------------- the load balancer: the specification
class LB:
    def __init__(s, world, fixes=FIXES, affinity='source', on_down='keep'):
        s.w, s.fx, s.affinity, s.on_down = world, set(fixes), affinity, on_down
        s.pairs, s.choice, s.flows, s.nom, s.bind = {}, {}, {}, {}, {}
        s.claims, s.cand, s.pend = {}, {}, {}
        s.rvip, s.addrvip, s.sent, s.copies, s.budget, s.spk = {}, {}, {}, {}, {}, {}
        s.up, s.drain, s.count = {b: True for b in world.b}, {b: '' for b in world.b}, {}

    now = property(lambda s: s.w.now)

    def live(s, table, key):
        e = table.get(key)
        if e and e['exp'] <= s.now:
            del table[key]
            e = None
        return e

    def key(s, p):            # a flow's key
        return (p.tup, p.vport, p.vip)

    def note(s, what):
        s.count[what] = s.count.get(what, 0) + 1

    def usable(s, b):         # may a fresh login go there?
        return s.up[b] and s.drain[b] != 'refuse'

    def schedule(s, *k):      # maglev stand-in: highest keyed hash
        c = [b for b in s.up if s.up[b] and not s.drain[b]] or list(s.up)
        return max(c, key=lambda b: h('maglev', b, *k))

    # the backends that claim this SPI, the oldest claim first (dicts keep order)
    def alone(s, spi):
        return list(dict.fromkeys(c['b'] for (a, x), c in s.claims.items()
                                  if x == spi and c['exp'] > s.now))

    def silent(s, k, b):
        return s.now - s.sent.get((k, b), -999) >= SILENT

    # ---- where a client datagram goes -> list of backends, the first one is no copy
    def steer(s, p):
        k, addr, source = s.key(p), p.tup[0], s.affinity == 'source'
        flow, bind = s.live(s.flows, k), s.live(s.bind, addr) if source else None
        # a tuple without a flow takes its nominee
        if flow is None:
            for b, n in s.nominees(k):
                flow = s.flows[k] = dict(b=b, st='prov', exp=s.now + T['prov'])
                break
        if p.kind == 'KA':
            return [flow['b']] if flow else [bind['b']] if bind else []
        if p.kind in ('INIT', 'IKE') and p.pair[1] == 0:
            steps = [bind, s.live(s.choice, (addr, p.pair[0]))]
            if 'half' in s.fx:
                steps.reverse()
            b = next((e['b'] for e in steps if e and s.usable(e['b'])), None)
            b = b or s.schedule(addr, *(() if source else (p.pair[0],)))
            s.choice[addr, p.pair[0]] = dict(b=b, exp=s.now + T['choice'])
            s.setvip(p, b)
            return [b]
        if p.kind == 'IKE':
            pr, out = s.live(s.pairs, p.pair), []
            if pr:
                out = [pr['b']]
            elif flow and (source or p.vport != 500):
                out = [flow['b']]
            elif bind:
                out = [bind['b']]
            elif source and not p.r:
                out = [s.schedule(addr)]
            if not p.r and p.first == 'SK':
                again = s.pend.get((p.pair, p.mid), (0, 0, 0))
                # E15: the retransmission asks everybody
                if not pr and again[1] > s.now:
                    out = (out + [b for b in sorted(s.up) if b not in out])
                s.pend[p.pair, p.mid] = (p.tup, s.now + T['pending'], p.vip)
            for b in out:
                s.setvip(p, b)
            return s.downrule(out, pr)
        return s.steer_esp(p, k, flow, bind)

    def steer_esp(s, p, k, flow, bind):
        addr, ask = p.tup[0], []
        c = s.live(s.claims, (addr, p.spi))
        # the client alone extends no further
        if c:
            heard = s.sent.get((c['k'], c['b']), -9999)
            c['exp'] = min(s.now, heard) + T['claim']
            if 'speak' in s.fx and s.now - heard > T['nominee'] and any(
                    b != c['b'] and s.now - s.sent.get((c['k'], b), -9999) < T['nominee']
                    for b in s.full(c['k'])):
                # disputed: silent there, and another one is not
                c = s.claims.pop((addr, p.spi)) and None
        if c:
            if c['tag'] == h('tag', p.tup) % 256:
                return s.downrule([c['b']], c)
            if 'tag' in s.fx:
                ask = [c['b']]
            else:
                return [flow['b'] if flow and not s.silent(k, flow['b']) else c['b']]
        alone = s.alone(p.spi)
        ask += alone[:4]
        nom = s.nominees(k)
        full = s.full(k) if 'speak' in s.fx else []
        if full:
            main, ask = full[0], full + [b for b, n in nom] + ask
        elif flow:
            main, f = flow['b'], flow['b']
            if not s.up[f] or s.drain[f] or s.silent(k, f):
                main = next((b for b, n in nom if n['began'] and b != f), f)
            ask = [b for b, n in nom] + ask
        elif ask:
            main = ask[0]
        elif s.affinity == 'sa':
            return []
        else:
            main = bind['b'] if bind else s.schedule(addr)
        out = [main]
        for b in dict.fromkeys(ask):
            if b != main and b in full:
                out.append(b)
            elif b != main and s.take(s.copies, (k, s.now), COPY_RATE):
                out.append(b)
        sole = [b for b in full if s.now - s.sent.get((k, b), -999) < T['nominee']] == [main]
        # candidates
        if sole if 'speak' in s.fx else flow and flow['st'] == 'conf' and main == flow['b']:
            q = s.cand.setdefault((k, p.spi), dict(seq=0, n=0, t=0, b=main))
            if q['b'] != main:
                q.update(seq=0, n=0, b=main)
            if p.seq > q['seq']:
                since = s.sent.get((k, main, 'any' if 'speak' in s.fx else 'esp'), -1)
                q['n'] = 2 if q['n'] and since >= q['t'] else max(q['n'], 1)
                if q['n'] == 1 and q['seq'] == 0:
                    q['t'] = s.w.tick
                q['seq'] = p.seq
                is_others = 'odds' in s.fx and set(s.alone(p.spi)) - {main}
                if (q['n'] >= 2 and not s.live(s.claims, (addr, p.spi)) and not is_others
                        and s.refill(k)):
                    s.claims[addr, p.spi] = dict(b=main, tag=h('tag', p.tup) % 256, k=k,
                                                 exp=s.now + T['claim'])
        for b in out:
            s.setvip(p, b)
        return s.downrule(out, True)

    # who is asked in full: strong nominees of the tuple, and those who speak there
    def full(s, k):
        spk = sorted((b for b, t in s.spk.get(k, {}).items() if s.now - t < T['nominee']),
                     key=lambda b: -s.spk[k][b])
        return list(dict.fromkeys([b for b, n in s.nominees(k) if n['began']] + spk))

    def downrule(s, out, known):
        return [b for b in out if s.up[b] or not (known and s.on_down == 'flush')]

    def take(s, bucket, key, n):
        bucket[key] = bucket.get(key, 0) + 1
        return bucket[key] <= n

    def refill(s, k):
        left, t = s.budget.get(k, (CLAIM_BURST, s.now))
        left = min(CLAIM_BURST, left + (s.now - t) / CLAIM_REFILL)
        s.budget[k] = (left - (left >= 1), s.now)
        return left >= 1

    def setvip(s, p, b):      # keyed by (client tuple, backend)
        s.rvip[p.tup, p.vport, b] = p.vip
        s.addrvip.setdefault((p.tup[0], b), {})[p.vip] = s.now

    def nominees(s, k):       # those whose pair began here first, then the latest
        n = s.nom.get(k, {})
        for b in [b for b in n if n[b]['exp'] <= s.now]:
            del n[b]
        return sorted(n.items(), key=lambda e: (-e[1]['began'], -e[1]['t'], e[0]))

    def nominate(s, k, b, began):
        n = s.nom.setdefault(k, {})
        began = began or (b in n and n[b]['began'])
        n[b] = dict(began=began, exp=s.now + T['nominee'], t=s.now)
        for x, _ in s.nominees(k)[NOMINEES:]:
            del n[x]

    def confirm(s, k, b):
        s.flows[k] = dict(b=b, st='conf', exp=s.now + T['flow'])

    # ---- what a backend's packet teaches -> the VIP it leaves from, or None
    def learn(s, b, p):
        addr = p.tup[0]
        vip = s.replyvip(b, p)
        k = s.key(replace(p, vip=vip)) if vip else s.key(p)
        flow = s.live(s.flows, k)
        s.sent[k, b] = s.now
        s.sent[k, b, 'any'] = s.w.tick
        if p.kind == 'ESP':
            s.sent[k, b, 'esp'] = s.w.tick
        if p.kind == 'INIT' and p.r and p.first == 'SA' and p.pair[1]:
            s.pairs[p.pair] = dict(b=b, st='half', began=addr, tup=p.tup, auth=False,
                                   exp=s.now + T['half'], vip=vip, mid=-1)
        if p.kind == 'IKE' and p.first == 'SK':
            s.learn_pair(b, p, vip)
            t, exp, v = s.pend.get((p.pair, p.mid), (0, 0, 0))
            if p.r and t == p.tup and exp > s.now:      # an answer nominates
                pr = s.pairs[p.pair]
                # a replay is only answered to a message ID of before
                fresh = p.mid > pr.get('mid', 1 << 32)
                strong = fresh and (pr['st'] == 'est' or p.exch == 'AUTH' and pr['began'] == addr)
                s.nominate(k, b, strong if 'speak' in s.fx else pr['began'] == addr)
                pr['mid'] = max(p.mid, pr.get('mid', -1))
                if not flow:
                    flow = s.flows[k] = dict(b=b, st='prov', exp=s.now + T['prov'])
                if flow['st'] == 'prov' and pr['st'] == 'est' and 'speak' not in s.fx:
                    s.confirm(k, b)
        if p.kind == 'ESP' or (p.kind == 'IKE' and p.first == 'SK' and not p.r):   # speech
            nominated = b in dict(s.nominees(k))
            if 'speak' in s.fx:
                s.spk.setdefault(k, {})[b] = s.now
                s.confirm(k, b)
            elif nominated or flow and flow['b'] == b and flow['st'] == 'conf':
                s.confirm(k, b)
            elif not flow or flow['st'] == 'tent' or flow['b'] == b:
                s.flows[k] = dict(b=b, st='prov', exp=s.now + T['prov'])
            flow, bind = s.flows.get(k), s.live(s.bind, addr)
            dead = bind and 'down' in s.fx and not s.usable(bind['b'])
            if s.affinity == 'source' and flow['b'] == b and flow['st'] == 'conf':
                if not bind or dead or bind['b'] == b:
                    s.bind[addr] = dict(b=b, exp=s.now + T['flow'])
            if p.kind == 'ESP':         # it confirms a login
                for pr in s.pairs.values():
                    if (pr['b'] == b and pr['tup'] == p.tup and pr['st'] == 'answered'
                            and pr['exp'] > s.now):
                        if pr['began'] == addr or 'began' not in s.fx:
                            pr.update(st='est', exp=s.now + T['est'])
        return vip

    def learn_pair(s, b, p, vip):
        pr = s.live(s.pairs, p.pair)
        if pr is None:
            pr = dict(b=b, st='answered', began=p.tup[0], auth='rekey' in s.fx,
                      exp=s.now + T['answered'])
            s.pairs[p.pair] = pr
        pr.update(tup=p.tup, vip=vip)
        if p.exch == 'AUTH' and pr['st'] != 'est':
            pr.update(auth=True, st='answered', exp=s.now + T['answered'])
        elif p.exch not in ('AUTH', 'INIT') and (pr['auth'] or pr['st'] == 'est'):
            pr.update(st='est', exp=s.now + T['est'])
        # how many answered pairs there may be, roughly
        ans = [q for q, e in s.pairs.items() if e['st'] == 'answered']
        mine = [q for q in ans if s.pairs[q]['tup'][0] == p.tup[0]]
        for q in (mine[:-CAP_ANS_SRC] or ans[:-CAP_ANSWERED]):
            del s.pairs[q]
            s.note('answered_evicted')

    def replyvip(s, b, p):
        if len(s.w.vips) == 1:
            return s.w.vips[0]
        if 'alias' in s.fx:
            return p.vip
        v = s.rvip.get((p.tup, p.vport, b))
        if p.kind == 'IKE' and p.pair in s.pairs and p.first == 'SK':
            asked = s.pend.get((p.pair, p.mid), (0, 0, v))[2]
            v = (asked if p.r else s.pairs[p.pair].get('vip')) or v
        if not v:
            c = s.addrvip.get((p.tup[0], b), {})
            v = next(iter(c)) if len(c) == 1 else None
        return v

    def restart(s, saved):
        keep = {n: {k: dict(e) for k, e in getattr(s, n).items()}
                for n in ('pairs', 'flows', 'bind', 'claims', 'nom', 'spk')}
        up, drain, rvip, addrvip = s.up, s.drain, s.rvip, s.addrvip
        s.__init__(s.w, s.fx, s.affinity, s.on_down)
        s.up, s.drain = up, drain
        if saved:
            s.pairs, s.flows = keep['pairs'], keep['flows']
            s.bind, s.claims = keep['bind'], keep['claims']
            # who is asked in full is saved too
            if 'speak' in s.fx:
                s.nom, s.spk = keep['nom'], keep['spk']
            s.rvip, s.addrvip = rvip, addrvip
            for f in s.flows.values():
                f['st'] = 'tent' if f['st'] == 'conf' else f['st']
