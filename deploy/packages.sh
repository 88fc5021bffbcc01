# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
# Debian 12 packages and their installation. To be sourced: deploy/quickstart and tests/run do.
# shellcheck shell=bash disable=SC2034

# What building ikelb takes. Meson uses ccache where it is there: another build of the same sources
# takes a minute.
build_packages=(
  g++ meson ninja-build pkgconf ccache libdpdk-dev libyaml-cpp-dev prometheus-cpp-dev
  libboost1.81-dev libcli11-dev nlohmann-json3-dev libfmt-dev libspdlog-dev
  libnl-3-dev libnl-route-3-dev libsystemd-dev libpcap-dev libgtest-dev libgmock-dev
)

# What the lab takes: IKEv2 peers, namespaces, captures. libcharon-extra-plugins has ESP in user
# space, libstrongswan-standard-plugins the openssl crypto, libcharon-extauth-plugins EAP-MSCHAPv2.
lab_packages=(
  charon-systemd strongswan-swanctl libcharon-extra-plugins libcharon-extauth-plugins
  libstrongswan-standard-plugins iproute2 iputils-ping ethtool nftables tcpdump openssl python3
  python3-minimal python3-yaml
)

# What the scenario tests take beyond that: promtool, TCP load, another packet library, and a
# look into the kernel's own NAT.
test_packages=(prometheus iperf3 python3-scapy conntrack)

# What ikelb-bench takes beyond that: testpmd, and the source of DPDK's l3fwd with what builds it.
bench_packages=(dpdk-dev dpdk-doc make)

# Prints those of its arguments that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      printf '%s\n' "$package"
  done
}

# Installs packages without recommended ones and without starting any service they bring
# (strongSwan and Prometheus would otherwise start on this machine). Needs root.
install_packages() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q || exit 1
  apt-get install -q -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@"
)
