// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <functional>
#include <vector>

#include "tests/oracle/event.h"

namespace ikelb::oracle {

/// Evidence of a backend's datagram about a client's place, weaker to stronger. A login's fresh
/// answer is as strong as an SA's, but takes nothing from a backend that is as strong.
enum class Said { nothing, alive, called, nominated, login, strong, spoke };

/// A backend's standing at a client's place.
enum class Standing { called, nominated, strong, spoke };

struct Stander {
    int backend = -1;
    int generation = 0;
    Standing standing = Standing::called;
    Seconds last = 0;
};

/// True if `one` has the flow rather than `other`.
bool is_better(const Stander& one, const Stander& other);

/// The backends at a client's place. The first one has the flow.
class Standers {
public:
    using Counts = std::function<bool(const Stander&)>;
    using MayCreate = std::function<bool()>;  ///< asked once, right before the creation

    /// Returns the live backends; forgets all others.
    const std::vector<Stander>& look(Seconds now, const Counts& counts);
    /// Returns true if the datagram changed the standers.
    bool hear(const Stander& who, Said said, const Counts& counts, const MayCreate& may_create);
    /// True if the backend had the flow at the last write.
    bool is_first(int backend) const { return !all_.empty() && all_.front().backend == backend; }

    /// The flow as it was last written, as long as it lives.
    const Stander* flow(Seconds now) const;

    int router = 0;       ///< of the flow's replies
    bool awaits = false;  ///< a candidate SPI waits for the flow's backend

private:
    bool hear_first(Said said, Seconds now);
    bool hear_other(const Stander& who, Said said, const MayCreate& may_create);
    void forget(int backend);
    void make_first(int backend);
    void drop_worst();
    template <typename Gone>
    void remove(Gone gone);

    std::vector<Stander> all_;
};

}  // namespace ikelb::oracle
