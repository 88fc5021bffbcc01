/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The ikelb authors
 *
 * teach_tuple() of dataplane/affinity/teach.cc over the flows and rivals of
 * dataplane/sessions/session_tables.h: two workers hear what backends say at one client tuple, read its
 * flow, decide, and commit; a third one asks for the flow and those beside it, and with MARKS sets
 * the mark of a candidate (await_backend() of dataplane/affinity/claims.cc).
 *
 * A backend answers (standing strong) or speaks on its own (spoke). Whoever shows at least as much
 * as the flow's own backend takes the flow; the others stand beside it. Nothing expires, and three
 * backends displace nobody. A worker whose lock is busy or whose write is refused gives up: the
 * backend's next packet says the same again. A shard's lock, which other tuples' writers hold too,
 * may be busy at any time.
 *
 * Claims: c1  whoever has been heard is asked from then on
 *         c2  the flow is with the last one that spoke
 *         c3  a write replaces what its worker has found, and nothing newer
 *         c4  a write that is refused has changed nothing
 *
 * PLANTED 1: two workers may hold the tuple's lock                          (breaks c1, c2)
 *         2: the flow is written first, and those beside it after it        (breaks c1)
 *         3: entries move from one word to another                          (breaks c1)
 *         4: the mark is set without the lock                               (breaks c3)
 *         5: the flow may be refused when those beside it are written       (breaks c4)
 *         6: a flow is written over another one than was read               (breaks c3)
 */
#ifndef PLANTED
#define PLANTED 0
#endif
#ifndef CLAIM
#define CLAIM 0 /* one of them alone; 0: all */
#endif
#define is_looked_at(claim) (CLAIM == 0 || CLAIM == claim)
#ifndef TURNS
#define TURNS 1 /* packets of each worker */
#endif

#define strong 0
#define spoke 1
#define no_flow 0
/* A flow: backend 1 .. 3, standing, has_rivals, and how often it has been renewed or marked. */
#define flow_of(b, s, h, n) ((b) + 4 * (s) + 8 * (h) + 16 * ((n) % 2))
#define backend(f) ((f) % 4)
#define standing(f) (((f) / 4) % 2)
#define has_rivals(f) (((f) / 8) % 2)
#define renewals(f) ((f) / 16)
#define bit(b) (1 << (b))
#define set_of(f) ((f) == no_flow -> 0 : bit(backend(f)))

byte flow;
byte entry[4];             /* those at the tuple, 0: none; two are a word */
bool is_held;              /* the tuple's lock */
/* For the claims. */
byte heard;                /* backends whose event has been committed */
byte speaker;              /* the last of those that spoke */
bool has_begun;

/* By the lock of a shard, or for want of room. */
inline may_be_refused() {
    if
    :: skip
    :: goto refused
    fi
}

/* In the step of the last store. */
inline note_event() {
    heard = heard | bit(said_by);
    if
    :: said == spoke -> speaker = said_by
    :: else
    fi
}

/* Keeps each entry in its place. */
inline place_entries() {
    d_step {
        if
        :: found != no_flow && has_rivals(found) ->
            new[0] = entry[0]; new[1] = entry[1]; new[2] = entry[2]; new[3] = entry[3]
        :: found != no_flow && !has_rivals(found) -> new[0] = backend(found)
        :: else
        fi;
        at = 0;
        do
        :: at < 4 && new[at] != said_by -> at++
        :: else -> break
        od;
        if
        :: at == 4 ->
            at = 0;
            do
            :: new[at] != 0 -> at++
            :: else -> break
            od;
            new[at] = said_by
        :: else
        fi;
#if PLANTED == 3
        /* The one that was heard first. */
        new[at] = new[0];
        new[0] = said_by;
        if
        :: new[1] == 0 -> new[1] = new[2]; new[2] = new[3]; new[3] = 0
        :: else -> at = new[1]; new[1] = new[2]; new[2] = at
        fi;
#endif
        at = 0
    }
}

inline write_rivals() {
    d_step { entry[0] = new[0]; entry[1] = new[1]; has_written = true }
    atomic {
        entry[2] = new[2]; entry[3] = new[3];
        if
        :: desired == found -> note_event()
        :: else
        fi
    }
}

inline write_flow() {
    atomic {
#if PLANTED != 6
        if
        :: flow != found -> goto refused
        :: else
        fi;
#endif
#if PLANTED != 5
        may_be_refused()
#endif
    }
#if PLANTED != 2
    write_rivals_if_beside();
#endif
#if PLANTED == 5
    may_be_refused();
#endif
    atomic {
        assert(!is_looked_at(3) || flow == found); /* c3 */
        flow = desired;
        note_event()
    }
#if PLANTED == 2
    write_rivals_if_beside()
#endif
}

inline write_rivals_if_beside() {
    if
    :: is_beside -> write_rivals()
    :: else
    fi
}

inline refresh_flow() {
    atomic {
        if
        :: flow == found ->
            flow = desired;
            note_event()
        :: else
        fi
    }
}

inline decide() {
    d_step {
        is_own = found != no_flow && backend(found) == said_by;
        is_beside = found != no_flow && !is_own;
        if
        :: is_own && said <= standing(found) ->
            desired = flow_of(said_by, standing(found), has_rivals(found), renewals(found) + 1)
        :: is_own && said > standing(found) ->
            desired = flow_of(said_by, said, has_rivals(found), renewals(found) + 1)
        :: !is_own && (found == no_flow || said >= standing(found)) ->
            desired = flow_of(said_by, said, is_beside, 0)
        :: else ->
            desired = flow_of(backend(found), standing(found), is_beside, renewals(found))
        fi
    }
}

inline commit() {
    if
    :: is_own && standing(desired) == standing(found) -> refresh_flow()
    :: !is_own && desired == found -> may_be_refused(); write_rivals()
    :: else -> write_flow()
    fi
}

/* The two do the same: the first one is who begins. */
proctype worker(bool is_second) {
    byte turn, said_by, said, found, desired, at;
    byte new[4];
    bool is_own, is_beside, is_mine, has_written;
    for (turn : 1 .. TURNS) {
        atomic {
            !is_second || has_begun;
            has_begun = true;
            select (said_by : 1 .. 3);
            select (said : strong .. spoke);
            found = flow
        }
        atomic {
            if
#if PLANTED != 1
            :: is_held -> goto refused
#endif
            :: else -> is_held = true; is_mine = true
            fi;
            decide();
            if
            :: !is_own -> place_entries()
            :: else
            fi
        }
        commit();
        has_written = false;
refused:
        assert(!is_looked_at(4) || !has_written); /* c4 */
        d_step {
            if
            :: is_mine -> is_held = false
            :: else
            fi;
            said_by = 0; said = 0; found = 0; desired = 0; at = 0;
            new[0] = 0; new[1] = 0; new[2] = 0; new[3] = 0;
            is_own = false; is_beside = false; is_mine = false; has_written = false
        }
    }
}

proctype client() {
    byte found, others, was_heard;
    bool is_mine;
    was_heard = heard;
    found = flow;
    if
    :: found != no_flow && has_rivals(found) ->
        d_step { others = bit(entry[0]) | bit(entry[1]) }
        d_step { others = others | bit(entry[2]) | bit(entry[3]) }
    :: else
    fi;
    assert(!is_looked_at(1) || (was_heard & ~(others | set_of(found))) == 0); /* c1 */
    atomic {
        assert(!is_looked_at(2) || speaker == 0 || backend(flow) == speaker); /* c2 */
        others = 0; was_heard = 0
    }
#ifdef MARKS
    if
    :: found != no_flow ->
#if PLANTED != 4
        atomic {
            if
            :: is_held -> goto refused
            :: else -> is_held = true; is_mine = true
            fi
        }
#endif
        atomic {
            if
            :: flow == found ->
                flow =
                    flow_of(backend(found), standing(found), has_rivals(found), renewals(found) + 1)
            :: else
            fi
        }
    :: else
    fi;
refused:
    if
    :: is_mine -> is_held = false
    :: else
    fi
#endif
}

init {
    atomic {
        if
        :: skip
        :: flow = flow_of(1, strong, 0, 0); heard = bit(1)
        :: flow = flow_of(1, strong, 1, 0); entry[0] = 1; entry[1] = 2;
            heard = bit(1) | bit(2)
        :: flow = flow_of(1, spoke, 1, 0); entry[0] = 1; entry[1] = 2;
            heard = bit(1) | bit(2); speaker = 1
        fi;
        run worker(false);
        run worker(true);
        run client()
    }
}
