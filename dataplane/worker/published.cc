// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/worker/published.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace ikelb::worker {

Published::Published(unsigned workers) {
    const std::size_t bytes = rte_rcu_qsbr_get_memsize(workers);
    const std::size_t lines = (bytes + RTE_CACHE_LINE_SIZE - 1) / RTE_CACHE_LINE_SIZE;
    qsbr_.reset(static_cast<rte_rcu_qsbr*>(
        std::aligned_alloc(RTE_CACHE_LINE_SIZE, lines * RTE_CACHE_LINE_SIZE)));
    if (!qsbr_) throw std::bad_alloc{};
    rte_rcu_qsbr_init(qsbr_.get(), workers);
}

void Published::publish(std::unique_ptr<const forwarding::ForwardingTable> table) {
    current_.store(table.get(), std::memory_order_release);
    std::swap(owner_, table);
    if (table)
        retired_.push_back({.table = std::move(table),
                            .token = rte_rcu_qsbr_start(qsbr_.get()),
                            .since = std::chrono::steady_clock::now()});
}

std::size_t Published::reclaim() {
    std::erase_if(retired_, [&](const Retired& retired) {
        return rte_rcu_qsbr_check(qsbr_.get(), retired.token, false) == 1;
    });
    return retired_.size();
}

std::size_t Published::count_overdue(std::chrono::milliseconds limit) {
    const auto now = std::chrono::steady_clock::now();
    std::size_t overdue = 0;
    for (Retired& retired : retired_) {
        if (retired.is_counted || now - retired.since < limit) continue;
        retired.is_counted = true;
        ++overdue;
    }
    return overdue;
}

}  // namespace ikelb::worker
