def install() -> None:
    return
