"""Papers are found by the very words of the regulation that names them, in the script it has."""

import pytest

WORDS = {
    "property": """
        客户公司资料 客户缴费记录 客户装修工程文件 客户迁入时填具之资料 客户联络资料
        客户相关负责人身份证复印件 客户紧急联络人的资料 客户日常工作联系人的人事变迁资料
        客户申请铭牌资料 客户公司营业执照副本复印件 客户公司营业执照副本复印件及年审资料
        客户与管理中心往来文件 客户违规事项与欠费记录 客户请修记录 客户投诉记录
        客户拜访、回访记录 客户拜访记录 客户回访记录 工程档案 施工方的相关资料
        二次装修工程有关资料 维修单
    """,
    "hotel-guest": """
        单位客户档案 散客档案 顾客消费个性化档案 客户概况分析 客户忠诚度分析 客户利润分析
        客户未来分析 客户促销分析 客户维护服务 宾客意见表
    """,
    "hotel-complaint": """
        《客户投诉记录表》 《顾客投诉统计分析报告表》 《顾客投诉处理报告表》 作业指导书
    """,
    "service-complaint": """
        《客户投诉记录表》 客户报诉记录表 客户投诉报表 处理结果 回访记录 总结与综合评价
    """,
    "revisit": """
        《客户回访计划》 《客户回访记录表》 《客户回访记录》 《客户回访报告表》
    """,
    "visit-centre": """
        客戶基本檔案 客戶組織結構與管理體系 客戶企業中的關鍵人物 客戶基本情況
        與我司對接人物的個人情況資料 客戶專案規模 單次專案需求計畫 對客戶資訊的分析
        《客戶資訊報告》 《回訪記錄表》 客戶投訴記錄表 客戶回訪記錄表 客戶資訊報表
        加工整理後的客戶資訊資料 成果檔案檢查計畫 滿意度調查
    """,
    "city-investment": """
        客戶基本信息 交易記錄 溝通記錄 客戶反饋 客戶滿意度調查 服務質量評估 個性化服務方案
        回访记录
    """,
}


@pytest.mark.parametrize("pack", WORDS)
def test_every_paper_is_found_by_the_words_of_its_regulation(law, pack):
    """A clerk who files by the text finds the type; book-title marks do not matter."""
    policy = law.policy(pack)
    assert [word for word in WORDS[pack].split() if policy.find_type(word) is None] == []
