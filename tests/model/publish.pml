/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The ikelb authors
 *
 * dataplane/worker/published.h over DPDK's rte_rcu_qsbr: the control thread publishes two tables
 * after the first and frees those that no worker can hold; two workers use what they read, report,
 * sleep and wake.
 *
 * Memory is sequentially consistent. On x86 the store of a report may wait while the next table is
 * loaded, which makes a table wait for longer; rte_rcu_qsbr_start() and _thread_online() are full
 * fences.
 *
 * Claims: r4  no worker uses a table that is freed
 *         r5  once all workers sleep, a reclaim leaves the newest table alone
 *
 * PLANTED 1: a table is freed as soon as it is replaced                        (breaks r4)
 *         2: the token is drawn before the pointer is swapped                  (breaks r4)
 *         3: a worker that wakes reads the table before it says it is awake    (breaks r4)
 */
#ifndef PLANTED
#define PLANTED 0
#endif
#define WORKERS 2
#define NEWEST 3
#define asleep 0

byte current = 1, token = 1;
byte report[WORKERS]; /* asleep, or the token that the worker has seen */
byte retired[NEWEST]; /* by table: the token it waits for; 0: does not wait */
bool is_freed[NEWEST + 1];
byte workers_left = WORKERS;

inline draw_token(table) {
    d_step { token++; retired[table] = token }
}

inline reclaim() {
    for (old : 1 .. NEWEST - 1) {
        if
        :: retired[old] != 0 && !is_freed[old] ->
            is_free = true;
            for (w : 0 .. WORKERS - 1) {
                if
                :: report[w] != asleep && report[w] < retired[old] -> is_free = false
                :: else
                fi
            }
            if
            :: is_free -> is_freed[old] = true
            :: else
            fi
        :: else
        fi
    }
}

active proctype control() {
    byte next, old, w;
    bool is_free;
    for (next : 2 .. NEWEST) {
#if PLANTED == 1
        current = next;
        is_freed[next - 1] = true;
#elif PLANTED == 2
        draw_token(next - 1);
        current = next;
#else
        current = next;
        draw_token(next - 1);
#endif
        if
        :: reclaim()
        :: skip
        fi
    }
    reclaim();
    workers_left == 0;
    reclaim();
    for (old : 1 .. NEWEST - 1) { assert(PLANTED == 1 || is_freed[old]) } /* r5 */
    assert(!is_freed[NEWEST])
}

inline read_table() { table = current }
inline wake() {
    seen = token;
    report[id] = seen
}
inline use() {
    assert(!is_freed[table]); /* r4: a burst's first packet, and its last */
    assert(!is_freed[table])
}

proctype worker(byte id) {
    byte seen, table, turn;
    wake();
    for (turn : 1 .. 3) {
        seen = token;
        report[id] = seen;
        read_table();
        use();
        if
        :: skip
        :: report[id] = asleep;
#if PLANTED == 3
            read_table();
            wake();
            use()
#else
            wake()
#endif
        fi
    }
    report[id] = asleep;
    workers_left--
}

init {
    atomic { run worker(0); run worker(1) }
}
