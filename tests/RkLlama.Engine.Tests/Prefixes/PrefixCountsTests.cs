using RkLlama.Engine.Generation.Prefixes;
using RkLlama.Prompts;

namespace RkLlama.Engine.Tests.Prefixes;

/// <summary>Which beginning of prompts is worth saving.</summary>
public sealed class PrefixCountsTests
{
    private readonly PrefixCounts _counts = new();
    private int _samples;

    [Fact]
    public void A_beginning_is_chosen_from_its_third_request_on()
    {
        Add(1, 2).Should().BeFalse();
        _counts.Choose(null).Should().BeNull();

        Add(1).Should().BeTrue();

        _counts.Choose(null)!.Key.Should().Be((UInt128)1);
        _samples.Should().Be(1);
    }

    [Fact]
    public void The_most_used_beginning_is_chosen()
    {
        Add(1, 4);
        Add(2, 5);

        _counts.Choose(null)!.Key.Should().Be((UInt128)2);
    }

    [Fact]
    public void A_saved_beginning_is_replaced_only_by_one_that_is_used_clearly_more_often()
    {
        Save(1, 3, [1]);
        Save(2, 8, [2]);
        _counts.Choose([1]).Should().BeNull("8 is less than 2 · 3 + 3");

        Add(2);

        _counts.Choose([1])!.Key.Should().Be((UInt128)2);
    }

    [Fact]
    public void A_beginning_that_is_saved_is_not_chosen_again()
    {
        Save(1, 20, [1, 2]);

        _counts.Choose([1, 2]).Should().BeNull();
    }

    [Fact]
    public void A_file_of_an_earlier_process_counts_like_three_requests()
    {
        Save(1, 8, [1]);
        _counts.Choose([9]).Should().BeNull();

        Add(1);

        _counts.Choose([9]).Should().NotBeNull();
    }

    [Fact]
    public void Old_requests_count_less_and_less()
    {
        Save(1, 20, [1]);
        Save(2, 3, [2]);

        Add(2, 30);

        _counts.Choose([1])!.Key.Should().Be((UInt128)2, "only the last requests count in full");
    }

    [Fact]
    public void A_rejected_beginning_is_neither_chosen_nor_sampled()
    {
        Add(1, 3);
        _counts.Reject(_counts.Choose(null)!);

        Add(1, 5).Should().BeFalse();

        _counts.Choose(null).Should().BeNull();
        _samples.Should().Be(1);
    }

    [Fact]
    public void The_number_of_beginnings_is_bounded_and_the_least_recently_used_one_is_forgotten()
    {
        Add(1, 2);
        for (int key = 2; key <= PrefixCounts.Capacity + 1; key++)
            Add(key);

        Add(1).Should().BeFalse("its first two requests are forgotten");
        Add(PrefixCounts.Capacity + 1, 2).Should().BeTrue();
    }

    private bool Add(int key, int times = 1)
    {
        bool isChanged = false;
        for (int i = 0; i < times; i++)
        {
            isChanged = _counts.Add((UInt128)key, () =>
            {
                _samples++;
                return new(new Conversation([]), []);
            });
        }

        return isChanged;
    }

    private void Save(int key, int times, int[] tokens)
    {
        Add(key, times);
        _counts.SetTokens(_counts.Find((UInt128)key)!, tokens);
    }
}
