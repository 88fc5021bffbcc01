// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace ikelb::bench {

struct GenerateOptions {
    std::string out, in;  ///< vdev strings
    std::size_t flows = 4096;
    std::size_t frame = 64;
    bool has_no_huge_pages = false;
};

/// ESP of random clients as fast as the port takes it, until SIGTERM. What comes back by the other
/// port is counted and freed. Throws std::runtime_error.
nlohmann::json generate_traffic(const GenerateOptions& options);

struct CaptureOptions {
    std::string file;
    std::size_t flows = 4096;
    std::size_t packets = 8192;
    std::size_t frame = 64;
};

/// A pcap file of the clients' ESP. Throws std::runtime_error.
nlohmann::json write_capture(const CaptureOptions& options);

}  // namespace ikelb::bench
