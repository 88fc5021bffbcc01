/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The ikelb authors
 *
 * join() and renew() of dataplane/affinity/teach.cc over TwoRegions and Rivals of
 * dataplane/sessions/directory.h: two workers hear what backends say at one client tuple, read its
 * flow, decide, and commit; a third one asks for the flow and those beside it.
 *
 * A backend answers (standing strong) or speaks on its own (spoke). Whoever shows at least as much
 * as the flow's own backend takes the flow; the others stand beside it. Nothing expires, and three
 * backends displace nobody. A worker whose lock is busy or whose write is refused gives up: the
 * backend's next packet says the same again.
 *
 * Claims: c1  whoever has been heard is asked from then on
 *         c2  the flow is with the last one that spoke
 *         c3  a write replaces what its worker has found, and nothing newer
 *
 * PLANTED 1: the flow is written whatever is there by now                 (breaks c1, c2)
 *         2: the flow is written first, and those beside it after it      (breaks c1)
 * Known limits, each of which has to be found when it is let in. A backend that is lost by the
 * first three is heard again with its next packet; the others are over with one look-up.
 *   TWO_JOIN:    two workers write who stands beside the flow, from one reading      (c1)
 *   TWO_REGIONS: one worker moves a flow to the other region, or finds none, and
 *                another one writes in the region that the first does not look at    (c1)
 *   REFRESHED:   a refresh between a writer's look at the record and its store       (c3)
 *   MOVED:       a flow moves between the look into one region and into the other    (c1)
 *   TORN:        entries move from one word to another while they are read           (c1)
 */
#ifndef PLANTED
#define PLANTED 0
#endif
#ifndef CLAIM
#define CLAIM 1 /* 2: c1 is not looked at, which breaks before c2 does */
#endif
#define TURNS 2 /* packets of each worker */

#define strong 0
#define spoke 1
#define no_flow 0
/* A flow: backend 1 .. 3, standing, has_rivals, and how often it has been renewed. */
#define flow_of(b, s, h, n) ((b) + 4 * (s) + 8 * (h) + 16 * ((n) % 4))
#define backend(f) ((f) % 4)
#define standing(f) (((f) / 4) % 2)
#define has_rivals(f) (((f) / 8) % 2)
#define renewals(f) ((f) / 16)
#define bit(b) (1 << (b))
#define set_of(f) ((f) == no_flow -> 0 : bit(backend(f)))

byte region[2];            /* by standing: provisional, confirmed */
bool is_held[2];           /* the flow's shard in each */
byte rivals[2];            /* words of entries: sets of backends */
bool rivals_held;
/* For the claims, and for what keeps a limit out. */
byte heard;                /* backends whose event has been committed */
byte speaker;              /* the last of those that spoke */
bool is_joining;           /* somebody is between the write of the rivals and that of the flow */
byte joins;                /* how often that has ended */
bool has_begun;

inline find_flow() {
#ifdef MOVED
    found = region[spoke];
    if
    :: found == no_flow -> found = region[strong]
    :: else
    fi
#else
    found = (region[spoke] != no_flow -> region[spoke] : region[strong])
#endif
}

inline read_rivals() {
#ifdef TORN
    others = rivals[0];
    others = others | rivals[1]
#else
    others = rivals[0] | rivals[1]
#endif
}

inline try_hold(lock) {
    atomic {
        if
        :: lock -> goto refused
        :: else -> lock = true
        fi
    }
}

/* In the step of the store. */
inline note_event() {
    heard = heard | bit(said_by);
    if
    :: said == spoke -> speaker = said_by
    :: else
    fi
}

inline write_flow() {
    where = standing(desired);
    moves = found != no_flow && standing(found) != where;
    try_hold(is_held[where]);
    before = region[where];
    atomic {
        if
#if PLANTED != 1
        :: before != (moves -> no_flow : found) -> is_held[where] = false; goto refused
#endif
        :: else
        fi
    }
    atomic {
        if
#ifndef REFRESHED
        :: region[where] != before -> is_held[where] = false; goto refused
#endif
#if PLANTED != 1 && !defined(TWO_REGIONS)
        :: region[1 - where] != (moves -> found : no_flow) -> is_held[where] = false; goto refused
#endif
        :: else
        fi;
        assert(region[where] == before); /* c3 */
        region[where] = desired;
        note_event();
#ifndef TWO_REGIONS
        if
        :: moves -> region[1 - where] = no_flow
        :: else
        fi
#endif
    }
    is_held[where] = false;
#ifdef TWO_REGIONS
    if
    :: moves ->
        try_hold(is_held[1 - where]);
        region[1 - where] = no_flow;
        is_held[1 - where] = false
    :: else
    fi
#endif
}

inline refresh_flow() {
    atomic {
        if
        :: region[standing(found)] == found ->
            region[standing(found)] = desired;
            note_event()
        :: else
        fi
    }
}

/* The first two entries are one word. */
inline write_rivals() {
    try_hold(rivals_held);
#ifndef TWO_JOIN
    atomic {
        if
        :: is_joining || joins != joins_seen -> rivals_held = false; goto refused
        :: else -> is_joining = true; is_mine = true
        fi
    }
#endif
#ifdef TORN
    rivals[0] = bit(said_by) | set_of(found);
    rivals[1] = others & ~(bit(said_by) | set_of(found));
#else
    atomic {
        rivals[0] = bit(said_by) | set_of(found);
        rivals[1] = others & ~(bit(said_by) | set_of(found));
        if
        :: desired == found -> note_event()
        :: else
        fi
    }
#endif
    rivals_held = false
}

inline join() {
    others = 0;
    if
    :: found != no_flow && has_rivals(found) -> read_rivals()
    :: else
    fi;
    d_step {
        others = others | set_of(found);
        is_beside = others != 0;
        if
        :: found == no_flow || said >= standing(found) ->
            desired = flow_of(said_by, said, is_beside, 0)
        :: else ->
            desired = flow_of(backend(found), standing(found), is_beside, renewals(found))
        fi
    }
#if PLANTED != 2
    if
    :: is_beside -> write_rivals()
    :: else
    fi;
#endif
    if
    :: desired != found -> write_flow()
    :: else
    fi;
#if PLANTED == 2
    if
    :: is_beside -> write_rivals()
    :: else
    fi
#endif
}

inline renew() {
    if
    :: said > standing(found) ->
        desired = flow_of(said_by, said, has_rivals(found), renewals(found) + 1);
        write_flow()
    :: else ->
        desired = flow_of(said_by, standing(found), has_rivals(found), renewals(found) + 1);
        refresh_flow()
    fi
}

/* The two do the same: the first one is who begins. */
proctype worker(bool is_second) {
    byte turn, said_by, said, found, desired, before, others, joins_seen, where;
    bool moves, is_beside, is_mine;
    for (turn : 1 .. TURNS) {
        atomic {
            !is_second || has_begun;
            has_begun = true;
            select (said_by : 1 .. 3);
            select (said : strong .. spoke);
            joins_seen = joins
        }
        find_flow();
        if
        :: found != no_flow && backend(found) == said_by -> renew()
        :: else -> join()
        fi;
refused:
        skip;
        d_step {
            if
            :: is_mine -> joins++; is_joining = false
            :: else
            fi;
            said_by = 0; said = 0; found = 0; desired = 0; before = 0; others = 0; joins_seen = 0;
            where = 0; moves = false; is_beside = false; is_mine = false
        }
    }
}

proctype asker() {
    byte found, others, asked, was_heard;
#ifdef MOVED
    was_heard = heard;
    find_flow();
#else
    atomic {
        was_heard = heard;
        find_flow();
        assert(speaker == 0 || backend(found) == speaker) /* c2 */
    }
#endif
    if
    :: found != no_flow && has_rivals(found) -> read_rivals()
    :: else
    fi;
    asked = others | set_of(found);
#if CLAIM != 2
    assert((was_heard & ~asked) == 0) /* c1 */
#endif
}

init {
    atomic {
        if
        :: skip
        :: region[strong] = flow_of(1, strong, 0, 0); heard = bit(1)
        :: region[strong] = flow_of(1, strong, 1, 0); rivals[0] = bit(1) | bit(2); heard = rivals[0]
        :: region[spoke] = flow_of(1, spoke, 1, 0); rivals[0] = bit(1) | bit(2); heard = rivals[0];
            speaker = 1
        fi;
        run worker(false);
        run worker(true);
        run asker()
    }
}
