// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "config/rules.h"
#include "config/scalar.h"

namespace ikelb::config::rules {
namespace {

constexpr std::uint32_t first_esp_spi = 256;  // RFC 4303 section 2.1 reserves SPIs below

bool marks_ike(const SpiLabel& label) { return label.ike_mask != 0; }
bool marks_esp(const SpiLabel& label) { return label.esp_first != 0; }

std::string to_text(const SpiLabel& label) {
    return to_hexadecimal(label.esp_first) + ".." + to_hexadecimal(label.esp_last);
}

void check_ike(const SpiLabel& label, const std::string& path, FindingList& out) {
    if ((label.ike_value & ~label.ike_mask) == 0) return;
    out.error(label.line.number, path + ".ike_value",
              to_hexadecimal(label.ike_value) + " has bits outside of ike_mask, " +
                  to_hexadecimal(label.ike_mask) + ", so that no SPI could match; write " +
                  (label.ike_mask == 0
                       ? std::string{"the server's charon.spi_mask as ike_mask"}
                       : to_hexadecimal(label.ike_value & label.ike_mask) +
                             ", or a mask that holds it"));
}

void check_esp(const SpiLabel& label, const std::string& path, FindingList& out) {
    if (label.esp_first == 0 && label.esp_last == 0) return;
    const int line = label.line.number;
    if (label.esp_first < first_esp_spi)
        out.error(line, path + ".esp_first",
                  to_hexadecimal(label.esp_first) + " is no ESP SPI that a server may choose; "
                                                    "write 0x100 or more");
    if (label.esp_last < label.esp_first)
        out.error(line, path + ".esp_last",
                  to_hexadecimal(label.esp_last) + " is below esp_first, " +
                      to_hexadecimal(label.esp_first) +
                      "; write the server's charon.spi_max");
}

struct Labelled {
    const Backend& backend;
    std::string path;
};

void compare(const Labelled& later, const Labelled& earlier, FindingList& out) {
    const SpiLabel& a = later.backend.spi_label;
    const SpiLabel& b = earlier.backend.spi_label;
    const std::string other = in_quotes(earlier.backend.name);
    // Some SPI matches both masks unless a bit of both masks has different values.
    const std::uint64_t common = a.ike_mask & b.ike_mask;
    if (marks_ike(a) && marks_ike(b) && ((a.ike_value ^ b.ike_value) & common) == 0)
        out.error(a.line.number, later.path + ".ike_value",
                  to_hexadecimal(a.ike_value) + " under " + to_hexadecimal(a.ike_mask) +
                      " and " + to_hexadecimal(b.ike_value) + " under " +
                      to_hexadecimal(b.ike_mask) + " of " + other +
                      " can be in one SPI; give both servers the same mask and each its value");
    if (marks_esp(a) && marks_esp(b) && a.esp_first <= b.esp_last && b.esp_first <= a.esp_last)
        out.error(a.line.number, later.path + ".esp_first",
                  to_text(a) + " overlaps " + to_text(b) + " of " + other +
                      "; give each server a range of its own (charon.spi_min and spi_max)");
}

/// Random SPIs of one server fall into another's mark now and then.
void warn_of_unmarked(const Pool& pool, std::size_t index, bool (*marks)(const SpiLabel&),
                      std::string_view what, FindingList& out) {
    const auto has_mark = [marks](const Backend& backend) { return marks(backend.spi_label); };
    if (std::ranges::none_of(pool.backends, has_mark)) return;
    for (std::size_t j = 0; j < pool.backends.size(); ++j)
        if (!has_mark(pool.backends[j]))
            out.warning(pool.backends[j].line.number, backend_path(index, j) + ".spi_label",
                        "other backends of the pool mark their " + std::string{what} +
                            " SPIs and this one does not: one of its own may look like theirs "
                            "and go there; mark those of all, or of none");
}

void spi_labels_are_well_formed(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.pools.size(); ++i)
        for (std::size_t j = 0; j < config.pools[i].backends.size(); ++j) {
            const SpiLabel& label = config.pools[i].backends[j].spi_label;
            const std::string path = backend_path(i, j) + ".spi_label";
            check_ike(label, path, out);
            check_esp(label, path, out);
        }
}

void spi_labels_are_apart(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.pools.size(); ++i) {
        const Pool& pool = config.pools[i];
        for (std::size_t j = 1; j < pool.backends.size(); ++j)
            for (std::size_t k = 0; k < j; ++k)
                compare({pool.backends[j], backend_path(i, j) + ".spi_label"},
                        {pool.backends[k], backend_path(i, k) + ".spi_label"}, out);
        warn_of_unmarked(pool, i, marks_ike, "IKE", out);
        warn_of_unmarked(pool, i, marks_esp, "ESP", out);
    }
}

}  // namespace

void labels(const Config& config, FindingList& out) {
    for (const Rule rule : {spi_labels_are_well_formed, spi_labels_are_apart}) rule(config, out);
}

}  // namespace ikelb::config::rules
