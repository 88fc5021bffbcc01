/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The ikelb authors
 *
 * dataplane/sessions/record_table.h and bucket.h: two writers, and one reader as read_noted() that
 * also refreshes. The values name a backend, whose the note is; of those that name none, as Rivals,
 * the note is held together by nothing but itself. What two writers make of one record that both
 * have read is commit.pml's.
 *
 * Four buckets of one slot. All keys belong into buckets 0 and 1 of one shard and spill into 2 and
 * 3, at the distances 1 and 2 from bucket 0, whose reach tells of them. A key has two words.
 *
 * Memory is sequentially consistent. x86 is not, but all that it does otherwise is to let a store
 * wait while later loads go ahead; writers load nothing that matters between their lock, which is a
 * full fence, and their last store, readers store nothing, and a refresh is a full fence.
 *
 * Claims: r1  a record that is returned belongs to the key that was asked for
 *         r2  its note is of the same backend, or zero
 *         r3  a key that stays in the table is always found
 *
 * PLANTED 1: the slot keeps its first key word while the value changes (breaks r1)
 *         2: the value is not read again behind the note                  (breaks r2)
 *         3: the reach is lowered past a key that is still spilled        (breaks r3)
 * Known limits, each of which has to be found when it is let in:
 *   REUSED:      a slot goes to another key and back within one look-up      (r1, r2)
 *   SAME_SECOND: a record goes to another backend and back within one look-up,
 *                and its last_seen is the same again                             (r2)
 */
#ifndef PLANTED
#define PLANTED 0
#endif
#ifndef KEY
#define KEY 3 /* the key that the reader asks for */
#endif
#define STAYING 3 /* in bucket 2 from the beginning */

#define first_word(k) (1 + (k - 1) / 2)
#define second_word(k) (1 + (k - 1) % 2)
#define record(k, b) (k + 8 * (b))
#define owner(v) ((v) % 8)
#define backend(v) (((v) / 8) % 4)
#define refreshed 32
#define no_slot 4

byte first[4], second[4];           /* key words; first 0: empty */
byte value[4];
byte note[4];                       /* owner and backend, or 0 */
bool reach_1, reach_2;              /* of bucket 0: keys stand 1, or 2, buckets away */
bool is_held;                       /* the shard's lock */
byte has_left[4];                   /* bit k: key k has stood here and gone */

/* --- writers: what stands under the lock changes nobody else, and is looked at in one step ------ */

inline locate(k) {
    d_step {
        at = 0;
        do
        :: at < no_slot && !(first[at] == first_word(k) && second[at] == second_word(k)) -> at++
        :: else -> break
        od
    }
}

inline set_value(slot, k, b) {
    if
    :: backend(value[slot]) != b -> note[slot] = 0
    :: else
    fi;
    value[slot] = record(k, b)
}

inline set_note(slot, k, b) {
    if
    :: note[slot] = k + 8 * (b)
    :: skip /* nobody has one to write */
    fi
}

inline lower_reach() {
#if PLANTED != 3
    needed = (first[3] != 0 -> 2 : (first[2] != 0 -> 1 : 0));
#else
    needed = 0;
#endif
    if
    :: needed == 0 -> reach_1 = false
    :: else
    fi;
    if
    :: needed <= 1 -> reach_2 = false
    :: else
    fi
}

/* k 0: the slot becomes empty. */
inline replace(slot, k, b) {
    d_step {
        was = first[slot];
        if
        :: was != 0 -> has_left[slot] = has_left[slot] | (1 << (2 * (was - 1) + second[slot]))
        :: else
        fi
    }
#if PLANTED != 1
    first[slot] = 0;
#endif
    if
    :: k != 0 ->
        set_value(slot, k, b);
        note[slot] = 0;
        set_note(slot, k, b);
        second[slot] = second_word(k);
        first[slot] = first_word(k)
    :: else -> first[slot] = 0
    fi;
    if
    :: was != 0 && slot >= 2 -> lower_reach()
    :: else
    fi
}

#ifdef REUSED
#define may_have(slot, k) true
#else
#define may_have(slot, k) (!(has_left[slot] & (1 << (k))))
#endif
#define is_empty(slot) (first[slot] == 0)
#define holds_staying(slot)                                                                        \
    (first[slot] == first_word(STAYING) && second[slot] == second_word(STAYING))

inline choose(k) {
    at = no_slot;
    if
    :: is_empty(0) && may_have(0, k) -> at = 0
    :: is_empty(1) && may_have(1, k) -> at = 1
    :: !is_empty(0) && !holds_staying(0) && may_have(0, k) -> at = 0 /* evicted */
    :: !is_empty(0) && !is_empty(1) && is_empty(2) && may_have(2, k) -> at = 2
    :: !is_empty(0) && !is_empty(1) && !is_empty(2) && is_empty(3) && may_have(3, k) -> at = 3
    :: skip /* full */
    fi
}

inline raise_reach(slot) {
    if
    :: slot >= 2 -> reach_1 = true
    :: else
    fi;
    if
    :: slot == 3 -> reach_2 = true
    :: else
    fi
}

#ifdef SAME_SECOND
#define may_become(slot, b) true
#else
#define may_become(slot, b) (b >= backend(value[slot]))
#endif

inline write(k, b) {
    locate(k);
    if
    :: at != no_slot && !may_become(at, b)
    :: at != no_slot && may_become(at, b) ->
        set_value(at, k, b);
        set_note(at, k, b)
    :: at == no_slot ->
        choose(k);
        if
        :: at != no_slot ->
            raise_reach(at);
            replace(at, k, b)
        :: else
        fi
    fi
}

inline erase(k) {
    locate(k);
    if
    :: at != no_slot -> replace(at, 0, 0)
    :: else
    fi
}

proctype writer(byte turns) {
    byte at, was, needed, turn, k, b;
    for (turn : 1 .. turns) {
        atomic {
            !is_held;
            is_held = true;
            select (k : 1 .. 4);
            select (b : 1 .. 2)
        }
        if
        :: write(k, b)
        :: k != STAYING && k != KEY -> erase(k)
        fi;
        d_step { is_held = false; at = 0; was = 0; needed = 0; k = 0; b = 0 }
    }
}

/* --- the reader ---------------------------------------------------------------------------------- */

inline look_at(slot) {
    if
    :: at == no_slot && first[slot] == first_word(KEY) ->
        if
        :: second[slot] == second_word(KEY) -> at = slot
        :: else
        fi
    :: else
    fi
}

proctype reader() {
    byte at, seen, again, seen_note;
look:
    at = no_slot;
    look_at(0);
    look_at(1);
    if
    :: at == no_slot && reach_1 ->
        look_at(2);
        if
        :: at == no_slot && reach_2 -> look_at(3)
        :: else
        fi
    :: else
    fi;
    if
    :: at == no_slot ->
        assert(KEY != STAYING); /* r3 */
        goto done
    :: else
    fi;
    seen = value[at];
    seen_note = note[at];
#if PLANTED != 2
    again = value[at];
    if
    :: again != seen -> goto look
    :: else
    fi;
#endif
    if
    :: first[at] != first_word(KEY) -> goto look
    :: else
    fi;
    if
    :: second[at] != second_word(KEY) -> goto look
    :: else
    fi;
    assert(owner(seen) == KEY); /* r1 */
    assert(seen_note == 0 || (owner(seen_note) == KEY && backend(seen_note) == backend(seen))); /* r2 */
    /* A refresh, which changes last_seen alone. */
    atomic {
        if
        :: value[at] == seen && first[at] == first_word(KEY) && second[at] == second_word(KEY) ->
            value[at] = seen + refreshed
        :: else
        fi
    }
done:
    skip
}

init {
    atomic {
        byte k;
        for (k : 1 .. 3) {
            first[k - 1] = first_word(k);
            second[k - 1] = second_word(k);
            value[k - 1] = record(k, 1);
            note[k - 1] = k + 8
        }
        reach_1 = true;
        run writer(2);
        run writer(2);
        run reader()
    }
}
