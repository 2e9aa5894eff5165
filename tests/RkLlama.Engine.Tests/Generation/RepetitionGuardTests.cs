using RkLlama.Engine.Generation;

namespace RkLlama.Engine.Tests.Generation;

public sealed class RepetitionGuardTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(RepetitionGuard.MaxPhraseTokens)]
    public void A_phrase_may_be_repeated_only_as_often_as_allowed(int length)
    {
        int[] phrase = [.. Enumerable.Range(100, length)];
        RepetitionGuard guard = new(4);

        int taken = 0;
        bool looped = false;
        foreach (int token in (int[])[1, 2, 3, .. Enumerable.Repeat(phrase, 8).SelectMany(tokens => tokens)])
        {
            taken++;
            if (looped = guard.AddAndDetectLoop(token))
                break;
        }

        looped.Should().BeTrue();
        taken.Should().Be(3 + (5 * length));
    }

    [Fact]
    public void Repetitions_of_a_phrase_over_the_maximum_length_are_not_detected()
    {
        RepetitionGuard guard = new(2);

        bool looped = Enumerable.Range(0, 10 * (RepetitionGuard.MaxPhraseTokens + 1)).Any(i => guard.AddAndDetectLoop(i % (RepetitionGuard.MaxPhraseTokens + 1)));

        looped.Should().BeFalse();
    }

    [Fact]
    public void Counting_and_normal_text_are_not_detected_as_repetitions()
    {
        RepetitionGuard guard = new(2);
        int[] tokens = [5, 6, 5, 6, 7, 5, 6, 5, 6, 8, .. Enumerable.Range(1000, 500)];

        tokens.Any(guard.AddAndDetectLoop).Should().BeFalse();
    }
}
