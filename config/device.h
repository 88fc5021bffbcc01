// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ikelb::config {

// The device string of a port: a PCI address, or DRIVERn,key=value,... of a DPDK vdev.

/// 0000:03:00.0 or 03:00.0, as opposed to a vdev string.
bool is_pci_address(std::string_view device);

/// The kernel's network device below a vdev such as net_af_packet0,iface=wan0; empty if none.
std::string lower_device(const std::string& device);

/// The vdev string plus the arguments that the operator left out, for `queues` and frames of `mtu`.
std::string complete_device(const std::string& device, std::uint32_t mtu, unsigned queues);

}  // namespace ikelb::config
