"""A compose project of two services: ready, rolled back, undone, and rolled back again."""

from __future__ import annotations

from tests.containers.project import Shop

ARM = "--arm=here"


def test_a_project_is_ready_rolled_back_undone_and_rolled_back_again(shop: Shop) -> None:
    """What runs is the image of each release, and volumes stay."""
    shop.release()
    shop.podman("volume", "inspect", "shop_kept")
    before = shop.podman("volume", "inspect", "--format", "{{.CreatedAt}}", "shop_kept")
    seen = []
    for command in (("ready",), ("drill", ARM), ("undo", ARM), ("drill", ARM)):
        run = (shop.record()["run"],) if command[0] == "undo" else ()
        code, text = shop.rollback(*command, *run)
        assert code == 0, text
        seen.append({shop.running(each) for each in ("store", "web")})

    first, second = ({shop.image(name)} for name in ("localhost/shop:1", "localhost/shop:2"))
    assert seen == [second, first, second, first]
    assert shop.podman("volume", "inspect", "--format", "{{.CreatedAt}}", "shop_kept") == before
