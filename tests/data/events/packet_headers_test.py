"""Headers of packets: bits, flows, and what differs from one."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.events import packet_headers


class PacketHeadersTest(parameterized.TestCase):

  def test_bits_spell_the_fields(self):
    values = [6, 0x0A01, 0xC0A8, 443]
    bits = np.asarray(packet_headers.encode(np.array(values)))
    expected = f'{6:08b}{0x0A01:016b}{0xC0A8:016b}{443:016b}'
    self.assertEqual(''.join(map(str, bits.astype(int))), expected)
    self.assertLen(bits, packet_headers.num_bits())
    both = packet_headers.encode(np.array([values, [1, 2, 3, 4]]))
    np.testing.assert_array_equal(both[0], bits)

  def test_a_packet_differs_in_the_field_that_is_named(self):
    fields = packet_headers.flow(jax.random.key(0))
    found = packet_headers.traffic(jax.random.key(1), fields, 50)
    own = np.asarray(packet_headers.encode(fields))
    place = np.repeat(np.arange(4), [*packet_headers.WIDTHS.values()])
    self.assertEqual(found.headers.shape, (250, packet_headers.num_bits()))
    np.testing.assert_array_equal(found.changed[:50], -1)
    for header, changed in zip(found.headers, found.changed, strict=True):
      differ = {*place[np.asarray(header) != own].tolist()}
      self.assertEqual(differ, {int(changed)} - {-1})
    counts = np.bincount(np.asarray(found.changed) + 1, minlength=5)
    self.assertTrue(10 < counts[1] < 50, counts)  # of three protocols
    np.testing.assert_array_equal(counts[2:] > 48, True)

  def test_flows_have_known_protocols(self):
    flows = jax.vmap(packet_headers.flow)(
        jax.random.split(jax.random.key(0), 300)
    )
    self.assertEqual({*np.asarray(flows[:, 0]).tolist()}, {1, 6, 17})
    self.assertGreater(int(flows[:, 1].max()), 60_000)

  @parameterized.parameters(
      ([6, 1, 2], r'values must be \[P, fields=4\]'),
      ([6, 1, 2, 2**16], 'port must be in .*got 65536'),
      ([-1, 1, 2, 3], 'protocol must be in .*got -1'),
  )
  def test_bad_fields(self, values, message):
    with self.assertRaisesRegex(ValueError, message):
      packet_headers.encode(np.array(values))

  def test_no_packets(self):
    with self.assertRaisesRegex(ValueError, 'count .* got 0'):
      packet_headers.traffic(jax.random.key(0), jnp.zeros(4, int), 0)


if __name__ == '__main__':
  absltest.main()
