import FuzzSupport

unsafe fuzz { data, count in
    unsafe checkPreconditions(bytes(data, count))
    return 0
}
