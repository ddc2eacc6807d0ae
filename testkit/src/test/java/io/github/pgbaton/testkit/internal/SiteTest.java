package io.github.pgbaton.testkit.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SiteTest {

    @Test
    void everyPlaceHasAddressesWithEveryOffset() {
        List<InetSocketAddress> all = new ArrayList<>();
        for (int offset : SiteFinder.PORT_OFFSETS) {
            for (int number : new int[] {0, Site.NUMBERS - 1}) {
                Site site = new Site(number, offset, Path.of("nowhere"), false, false);
                for (int i = 0; i < 3; i++) {
                    all.add(site.postgres(i));
                    all.add(site.pooler(i));
                    all.add(site.rest(i));
                    all.add(site.etcdClient(i));
                    all.add(site.etcdPeer(i));
                    Site ipv6 = new Site(number, offset, Path.of("nowhere"), false, true);
                    all.add(new InetSocketAddress("::1", ipv6.postgres(i).getPort()));
                }
                all.add(site.haproxy());
            }
        }
        assertThat(all).doesNotHaveDuplicates();
    }
}
