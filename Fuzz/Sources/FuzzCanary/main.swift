import FuzzSupport

unsafe fuzz { data, count in
    unsafe checkCanary(bytes(data, count))
    return 0
}
