using System.Buffers.Binary;
using System.Text;
using RkLlama.Engine.Workers.Protocol;

namespace RkLlama.Engine.Tests.Workers;

public sealed class FramesTests
{
    [Fact]
    public void Frames_are_read_correctly_for_any_split_of_the_data()
    {
        using MemoryStream pipe = new();
        FrameWriter writer = new(pipe);
        writer.Add(FrameType.Run, "{}"u8);
        writer.AddToken(7, 42, "ä😀"u8);
        writer.Add(FrameType.Shutdown, []);
        writer.Add(FrameType.Load, new byte[200_000]);
        writer.Flush();

        foreach (int chunk in (int[])[1, 3, 1000, int.MaxValue])
        {
            FrameReader reader = new(new ChunkedStream(pipe.ToArray(), chunk), FrameReader.MaxReplyLength);

            Next(reader).Should().Be((FrameType.Run, 2));
            reader.TryRead(out FrameType type, out ReadOnlySpan<byte> token).Should().BeTrue();
            type.Should().Be(FrameType.Token);
            BinaryPrimitives.ReadInt32LittleEndian(token).Should().Be(7);
            BinaryPrimitives.ReadInt32LittleEndian(token[4..]).Should().Be(42);
            Encoding.UTF8.GetString(token[8..]).Should().Be("ä😀");
            Next(reader).Should().Be((FrameType.Shutdown, 0));
            Next(reader).Should().Be((FrameType.Load, 200_000));
            reader.TryRead(out _, out _).Should().BeFalse();
        }
    }

    [Fact]
    public void The_end_of_the_pipe_inside_a_frame_is_the_end()
    {
        FrameReader reader = new(new MemoryStream([10, 0, 0, 0, 68, 1, 2]), FrameReader.MaxReplyLength);

        reader.TryRead(out _, out _).Should().BeFalse();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void An_invalid_length_is_an_error(int length)
    {
        byte[] bytes = new byte[64];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);

        Action read = () => new FrameReader(new MemoryStream(bytes), FrameReader.MaxReplyLength).TryRead(out _, out _);

        read.Should().Throw<InvalidDataException>();
    }

    [Fact]
    public void A_frame_above_the_limit_of_the_reader_is_refused_before_memory_is_allocated_for_it()
    {
        byte[] bytes = new byte[64];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, FrameReader.MaxReplyLength + 1);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Action read = () => new FrameReader(new MemoryStream(bytes), FrameReader.MaxReplyLength).TryRead(out _, out _);

        read.Should().Throw<InvalidDataException>();
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(1 << 20);
    }

    private static (FrameType Type, int Length) Next(FrameReader reader)
    {
        reader.TryRead(out FrameType type, out ReadOnlySpan<byte> payload).Should().BeTrue();
        return (type, payload.Length);
    }

    private sealed class ChunkedStream(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, chunk));
    }
}
