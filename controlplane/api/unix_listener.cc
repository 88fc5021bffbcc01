// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/api/unix_listener.h"

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace ikelb::api {
namespace {

ServerError failure(const std::string& path, std::string_view what, int error) {
    return {fmt::format("can't listen on the admin socket {}: {}{}", path, what,
                        error != 0 ? std::string{": "} + std::strerror(error) : "")};
}

int try_connect(const sockaddr_un& address) noexcept {
    const posix::FileDescriptor probe{
        socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!probe.is_open()) return errno;
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    return connect(probe.get(), generic, sizeof(address)) == 0 ? 0 : errno;
}

/// Removes a socket file that its owner left behind.
std::optional<ServerError> clear_the_way(const std::string& path, const sockaddr_un& address) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) return std::nullopt;
        return failure(path, "can't look at it", errno);
    }
    if (!S_ISSOCK(status.st_mode))
        return failure(path,
                       "there is a file of this name, and it is not a socket; remove it, or "
                       "set admin.socket to another path",
                       0);
    const int error = try_connect(address);
    // EAGAIN: the backlog is full, so a process listens.
    if (error == 0 || error == EAGAIN)
        return failure(path, "a running process listens there; is ikelbd running already?", 0);
    if (error != ECONNREFUSED) return failure(path, "can't tell whether it is in use", error);
    if (unlink(path.c_str()) != 0 && errno != ENOENT)
        return failure(path, "can't remove the stale socket file", errno);
    return std::nullopt;
}

}  // namespace

boost::system::result<UnixListener, ServerError> UnixListener::bind(const std::string& path,
                                                                    mode_t mode) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path))
        return failure(
            path,
            fmt::format("the path must have 1 to {} characters", sizeof(address.sun_path) - 1), 0);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    if (const auto blocked = clear_the_way(path, address)) return *blocked;

    posix::FileDescriptor fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd.is_open()) return failure(path, "can't make a socket", errno);
    // The file inherits the descriptor's mode, less the umask: at no moment is it open to more than
    // `mode`.
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    if (fchmod(fd.get(), mode) != 0 || ::bind(fd.get(), generic, sizeof(address)) != 0)
        return failure(path, errno == ENOENT ? "its directory does not exist" : "can't bind",
                       errno);
    struct stat status {};
    const bool ready = chmod(path.c_str(), mode) == 0 && lstat(path.c_str(), &status) == 0 &&
                       listen(fd.get(), SOMAXCONN) == 0;
    if (ready) return UnixListener{std::move(fd), path, status.st_dev, status.st_ino};
    const int error = errno;
    unlink(path.c_str());
    return failure(path, "can't set it up", error);
}

UnixListener::UnixListener(posix::FileDescriptor fd, std::string path, dev_t device, ino_t inode)
    : fd_{std::move(fd)}, path_{std::move(path)}, device_{device}, inode_{inode} {}

UnixListener::UnixListener(UnixListener&& other) noexcept
    : fd_{std::move(other.fd_)},
      path_{std::exchange(other.path_, {})},
      device_{other.device_},
      inode_{other.inode_} {}

UnixListener::~UnixListener() {
    struct stat status {};
    if (path_.empty() || lstat(path_.c_str(), &status) != 0) return;
    if (status.st_dev == device_ && status.st_ino == inode_) unlink(path_.c_str());
}

}  // namespace ikelb::api
