// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>

#include "tests/oracle/event.h"

namespace ikelb::oracle {

/// `burst` events at once, then one every `seconds`, or per_second each second.
class Bucket {
public:
    explicit Bucket(Rate rate) : Bucket{rate.burst, rate.per_second} {}
    explicit Bucket(std::uint32_t burst, std::uint32_t per_second = 1, Seconds seconds = 1)
        : burst_{burst}, per_second_{per_second}, seconds_{seconds} {}

    std::uint32_t left(Seconds now) {
        const std::uint64_t earned = std::uint64_t{now - since_} * per_second_ / seconds_;
        if (is_new_ || left_ + earned >= burst_) {
            is_new_ = false;
            left_ = burst_;
            since_ = now;
        } else {
            left_ += static_cast<std::uint32_t>(earned);
            since_ += static_cast<Seconds>(earned * seconds_ / per_second_);
        }
        return left_;
    }
    bool take(Seconds now) {
        if (left(now) == 0) return false;
        --left_;
        return true;
    }

private:
    std::uint32_t burst_, per_second_;
    Seconds seconds_;
    bool is_new_ = true;
    std::uint32_t left_ = 0;
    Seconds since_ = 0;
};

}  // namespace ikelb::oracle
